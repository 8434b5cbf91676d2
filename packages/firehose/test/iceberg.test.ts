import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppendRefused } from '@millrace/firehose';
import type { FunctionInvoker } from '@millrace/firehose';
import { movableWorld } from '@millrace/world';
import {
  configuration,
  failed,
  icebergCatalogs,
  orders,
  processor,
  put,
  records,
  withTables,
} from './iceberg-stage.ts';
import type { Opened } from './iceberg-stage.ts';
import { MemoryTables } from './memory-tables.ts';
import { MemoryObjects, openTestFirehose, s3, until } from './support.ts';

function sample({ firehose }: Opened, name: string): number | undefined {
  return [...firehose.samples()].find((one) => one.name === name)?.value;
}

test('records are one append to the one table; what does not fit stands at the error prefix', () =>
  withTables({}, async (firehose, tables) => {
    await put(firehose, '{"n":1}', 'no JSON', '{"n":2}');
    await until(() => records(firehose) === 3);
    assert.deepEqual(tables.rows('catalog shop orders'), ['{"n":1}', '{"n":2}']);
    assert.equal(tables.appends.length, 1);
    const [{ attemptEndingTimestamp, arrivalTimestamp, ...line }] = failed(firehose, 'iceberg-failed/') as [
      Record<string, unknown>,
    ];
    assert.ok((attemptEndingTimestamp as number) >= (arrivalTimestamp as number));
    assert.deepEqual(line, {
      attemptsMade: 1,
      errorCode: 'DataFormatConversion.ParseError',
      errorMessage: 'no JSON',
      rawData: Buffer.from('no JSON').toString('base64'),
    });
    assert.equal(firehose.objects.stored.length, 1);
    assert.equal(sample(firehose, 'DeliveryToIceberg.IncomingRowCount'), 3);
    assert.equal(sample(firehose, 'DeliveryToIceberg.SuccessfulRowCount'), 2);
    assert.equal(sample(firehose, 'DeliveryToIceberg.FailedRowCount'), 1);
    assert.equal(sample(firehose, 'DeliveryToIceberg.Bytes'), 14);
    assert.equal(sample(firehose, 'DeliveryToIceberg.Success.Sum'), 1);
    assert.equal(sample(firehose, 'DeliveryToIceberg.Records'), undefined);
  }));

test('an append whose answer is lost is made again under its id; the same texts later are another', () =>
  withTables({}, async (firehose, tables) => {
    let losses = 2;
    tables.after = () => {
      if ((losses -= 1) >= 0) throw new Error('socket hang up');
    };
    await put(firehose, '{"n":1}');
    for (let tries = 1; tries <= 2; tries += 1) {
      await until(() => tables.appends.length === tries);
      firehose.world.advance(60_000);
    }
    await until(() => records(firehose) === 1);
    assert.equal(new Set(tables.appends.map(({ deliveryId }) => deliveryId)).size, 1);
    await put(firehose, '{"n":1}');
    await until(() => records(firehose) === 2);
    assert.deepEqual(tables.rows('catalog shop orders'), ['{"n":1}', '{"n":1}']);
  }));

test('an append that a stop cut short is found again after the next start', async () => {
  const world = movableWorld();
  const directory = await mkdtemp(join(tmpdir(), 'millrace-firehose-'));
  const [objects, icebergTables] = [new MemoryObjects(), new MemoryTables()];
  const open = (): ReturnType<typeof openTestFirehose> =>
    openTestFirehose({ world, directory, objects, icebergTables, icebergCatalogs });
  try {
    const first = await open();
    await first.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      IcebergDestinationConfiguration: { ...configuration, RetryOptions: { DurationInSeconds: 0 } },
    });
    await first.untilActive('d');
    icebergTables.after = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
    await first.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: btoa('{"n":1}') } });
    await until(() => icebergTables.appends.length === 1);
    const stopped = first.stop();
    // What is under way has ten seconds.
    world.advance(10_000);
    await stopped;
    icebergTables.after = () => undefined;
    const second = await open();
    await until(() => second.firehose.metrics()['records'] === 1);
    await second.stop();
    assert.deepEqual(icebergTables.rows('catalog shop orders'), ['{"n":1}']);
    assert.equal(icebergTables.appends.length, 2);
    assert.deepEqual(objects.stored, []);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('a table that stays away goes to its own error prefix at once, one that fails when retry time is over', () =>
  withTables(
    {
      RetryOptions: { DurationInSeconds: 100 },
      DestinationTableConfigurationList: [{ ...orders, S3ErrorOutputPrefix: 'orders-errors/' }],
    },
    async (firehose, tables) => {
      tables.before = () => {
        throw new AppendRefused('Iceberg.NoSuchTable', 'shop.orders is not there', { isFinal: true });
      };
      await put(firehose, '{"n":1}');
      await until(() => records(firehose) === 1);
      tables.before = () => {
        throw new AppendRefused('Glue.AccessDenied', 'the catalog answered 401', { isFinal: false });
      };
      await put(firehose, '{"n":2}');
      for (let done = 2; records(firehose) === 1; done += 1) {
        await until(() => tables.appends.length === done || records(firehose) === 2);
        firehose.world.advance(60_000);
        assert.ok(done < 10, 'it is tried for ever');
      }
      const told = failed(firehose, 'orders-errors/').map(({ errorCode, rawData, attemptsMade }) => [
        errorCode,
        atob(rawData as string),
        (attemptsMade as number) > 1,
      ]);
      assert.deepEqual(told, [
        ['Iceberg.NoSuchTable', '{"n":1}', false],
        ['Glue.AccessDenied', '{"n":2}', true],
      ]);
      assert.equal(firehose.objects.stored.length, 2);
    },
  ));

test('everything is kept where AllData is asked for; a warehouse and an ARN name what they name', () =>
  withTables(
    {
      S3BackupMode: 'AllData',
      S3Configuration: { ...s3, Prefix: 'all/' },
      CatalogConfiguration: {
        CatalogARN: 'arn:aws:glue:us-east-1:000000000000:catalog/s3tablescatalog/lake',
        WarehouseLocation: 's3://lake/warehouse',
      },
    },
    async (firehose, tables) => {
      await put(firehose, '{"n":1}');
      await until(() => records(firehose) === 1);
      const [name] = tables.commits.keys();
      assert.equal(
        name,
        'arn:aws:glue:us-east-1:000000000000:catalog/s3tablescatalog/lake s3://lake/warehouse shop orders',
      );
      const [kept] = firehose.objects.stored;
      assert.match(kept!.key, /^all\//);
      assert.equal(String(kept!.body), '{"n":1}');
    },
  ));

/** What failed, by the text of its record. */
function reasons(firehose: Opened, prefix: string): Map<string, unknown> {
  return new Map(failed(firehose, prefix).map(({ rawData, errorCode }) => [atob(rawData as string), errorCode]));
}

test('a query in jq says which table a record goes to, and what is to be done there', () =>
  withTables(
    {
      ...processor('MetadataExtraction', {
        MetadataExtractionQuery: '{destinationDatabaseName: .db, destinationTableName: .to, operation: .do}',
        JsonParsingEngine: 'JQ-1.6',
      }),
      DestinationTableConfigurationList: [
        { ...orders, S3ErrorOutputPrefix: 'orders-errors/' },
        { DestinationDatabaseName: 'shop', DestinationTableName: 'returns' },
      ],
    },
    async (firehose, tables) => {
      await put(
        firehose,
        '{"n":1,"db":"shop","to":"orders"}',
        '{"n":2,"db":"shop","to":"returns","do":"insert"}',
        '{"n":3,"db":"shop","to":"unlisted"}',
        '{"n":4,"db":"shop","to":"orders","do":"delete"}',
        '{"n":5,"db":"shop"}',
        '{"n":6,"db":"shop","to":"../orders"}',
      );
      await until(() => records(firehose) === 6);
      const rows = [...tables.commits.keys()].map((name) => [name, tables.rows(name)]);
      assert.deepEqual(rows, [
        ['catalog shop orders', ['{"n":1,"db":"shop","to":"orders"}']],
        ['catalog shop returns', ['{"n":2,"db":"shop","to":"returns","do":"insert"}']],
        ['catalog shop unlisted', ['{"n":3,"db":"shop","to":"unlisted"}']],
      ]);
      assert.deepEqual(
        reasons(firehose, 'orders-errors/'),
        new Map([['{"n":4,"db":"shop","to":"orders","do":"delete"}', 'Iceberg.UnsupportedOperation']]),
      );
      assert.deepEqual(
        reasons(firehose, 'iceberg-failed/'),
        new Map([
          ['{"n":5,"db":"shop"}', 'Iceberg.InvalidTableName'],
          ['{"n":6,"db":"shop","to":"../orders"}', 'Iceberg.InvalidTableName'],
        ]),
      );
    },
  ));

/** Says as `otfMetadata` what stands in a record's `m`. */
const routing: FunctionInvoker = {
  async invoke({ payload }) {
    const event = JSON.parse(String(payload)) as { records: { recordId: string; data: string }[] };
    const answers = event.records.map(({ recordId, data }) => {
      const { n, m } = JSON.parse(atob(data)) as { n: number; m: unknown };
      return { recordId, result: 'Ok', data: btoa(JSON.stringify({ n })), metadata: { otfMetadata: m } };
    });
    return { payload: Buffer.from(JSON.stringify({ records: answers })), isError: false };
  },
};
const byFunction = processor('Lambda', { LambdaArn: 'arn:aws:lambda:us-east-1:000000000000:function:f' });

test('a function says it as otfMetadata; a table that fails is tried again alone', () =>
  withTables(
    { ...byFunction, DestinationTableConfigurationList: undefined },
    async (firehose, tables) => {
      let refusals = 1;
      tables.before = ({ table }) => {
        if (table === 'b' && (refusals -= 1) >= 0) throw new Error('socket hang up');
      };
      const to = (destinationTableName: string, operation: string | null): object => ({
        destinationDatabaseName: 'shop',
        destinationTableName,
        operation,
      });
      await put(
        firehose,
        JSON.stringify({ n: 1, m: to('a', 'INSERT') }),
        JSON.stringify({ n: 2, m: to('b', null) }),
        JSON.stringify({ n: 3, m: to('a', 'update') }),
        JSON.stringify({ n: 4 }),
      );
      await until(() => tables.appends.length === 2);
      firehose.world.advance(60_000);
      await until(() => records(firehose) === 4);
      assert.deepEqual(
        tables.appends.map(({ table, records: rows }) => [table, rows.map(String)]),
        [
          ['a', ['{"n":1}']],
          ['b', ['{"n":2}']],
          ['b', ['{"n":2}']],
        ],
      );
      assert.deepEqual(
        reasons(firehose, 'iceberg-failed/'),
        new Map([
          ['{"n":3}', 'Iceberg.UnsupportedOperation'],
          ['{"n":4}', 'Iceberg.InvalidTableName'],
        ]),
      );
    },
    routing,
  ));

test('what a function says wins over the one table of the list, and may say a part of it', () =>
  withTables(
    byFunction,
    async (firehose, tables) => {
      await put(
        firehose,
        '{"n":1,"m":{"operation":"insert"}}',
        '{"n":2,"m":{"destinationTableName":"returns"}}',
        '{"n":3}',
      );
      await until(() => records(firehose) === 3);
      assert.deepEqual(tables.rows('catalog shop orders'), ['{"n":1}', '{"n":3}']);
      assert.deepEqual(tables.rows('catalog shop returns'), ['{"n":2}']);
    },
    routing,
  ));
