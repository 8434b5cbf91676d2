/** Record format conversion, by the real converters: what becomes of records, of tables that are not there, and of faults. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { UnusableConversion } from '@millrace/firehose';
import type { Conversions } from '@millrace/firehose';
import { AwsError } from '@millrace/model';
import { ConversionSettingsError, openFormats } from '@millrace/record-formats';
import type { Deserializer, RecordFormats, Serializer } from '@millrace/record-formats';
import { movableFirehose, s3, until } from '../../packages/firehose/test/support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

let folder = '';
let formats: RecordFormats;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-conversion-'));
  formats = openFormats({ scratchFolder: join(folder, 'scratch'), memoryLimitBytes: 64 << 20 });
});
after(async () => {
  await formats.close();
  await rm(folder, { recursive: true, force: true });
});

const orders = [
  { name: 'id', type: 'bigint' },
  { name: 'item', type: 'string' },
];

/** Tables that come and go, and a count of the files that are being made. */
class Tables implements Conversions {
  readonly tables = new Map([['shop.orders', orders]]);
  open = 0;
  mostOpen = 0;
  /** Called before each page is converted. */
  fault: () => Promise<void> | void = () => undefined;

  columns({ databaseName, tableName }: Parameters<Conversions['columns']>[0]): typeof orders {
    const found = this.tables.get(`${databaseName}.${tableName}`);
    if (found === undefined) throw new AwsError('EntityNotFoundException', `Table ${tableName} not found.`);
    return found;
  }

  begin: Conversions['begin'] = async ({ columns, deserializer, serializer }, sink) => {
    const settings = { columns, deserializer: deserializer as Deserializer, serializer: serializer as Serializer };
    const conversion = await formats.createConversion(settings, sink).catch((error: unknown) => {
      throw error instanceof ConversionSettingsError ? new UnusableConversion(error.message) : error;
    });
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    return {
      add: async (records) => {
        await this.fault();
        return await conversion.add(records);
      },
      finish: () => conversion.finish(),
      close: async () => {
        this.open -= 1;
        await conversion.close();
      },
    };
  };
}

function conversionTo(serializer: object, schema: object = {}): { DataFormatConversionConfiguration: object } {
  return {
    DataFormatConversionConfiguration: {
      InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
      OutputFormatConfiguration: { Serializer: serializer },
      SchemaConfiguration: { RoleARN: s3.RoleARN, DatabaseName: 'shop', TableName: 'orders', ...schema },
    },
  };
}

const soon = { BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 0 } };

async function opened(
  tables: Tables,
  extended: object,
  options: Parameters<typeof movableFirehose>[0] = {},
): Promise<Opened> {
  const firehose = await movableFirehose({ conversions: tables, ...options });
  await firehose.call('CreateDeliveryStream', {
    DeliveryStreamName: 'd',
    ExtendedS3DestinationConfiguration: { ...s3, ...extended },
  });
  await firehose.untilActive('d');
  return firehose;
}

async function put(firehose: Opened, ...texts: string[]): Promise<void> {
  const records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
  await firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records: records });
}

for (const [extension, serializer, head] of [
  ['.parquet', { ParquetSerDe: {} }, 'PAR1'],
  ['.orc', { OrcSerDe: {} }, 'ORC'],
] as const)
  test(`records become a file ${extension}, those that do not convert lines at the error prefix`, async () => {
    const tables = new Tables();
    const told: { readonly message: string }[] = [];
    const logging = { CloudWatchLoggingOptions: { Enabled: true, LogGroupName: 'g', LogStreamName: 's' } };
    const destination = { ...soon, ...logging, ...conversionTo(serializer, { VersionId: '0' }) };
    const firehose = await opened(tables, destination, { errorLogs: { write: (line) => told.push(line) } });
    try {
      await put(firehose, '{"id":1,"item":"a"}', '{"id":2', '{"id":"three"}', '{"id":4,"item":"d"}{"id":5}');
      await until(() => firehose.objects.stored.length === 2);
      const [errors, object] = firehose.objects.stored;
      assert.ok(object!.key.endsWith(extension), object!.key);
      assert.ok(object!.body.subarray(0, head.length).equals(Buffer.from(head)));
      assert.match(errors!.key, /^format-conversion-failed\/\d{4}\/\d\d\/\d\d\/\d\d\/d-1-[-0-9a-f]+$/);
      const lines = String(errors!.body).trimEnd().split('\n');
      const [malformed, misfit] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.equal(lines.length, 2);
      const { arrivalTimestamp, attemptEndingTimestamp, lastErrorMessage, ...rest } = malformed!;
      assert.deepEqual(rest, {
        attemptsMade: 1,
        lastErrorCode: 'DataFormatConversion.ParseError',
        rawData: Buffer.from('{"id":2').toString('base64'),
        sequenceNumber: null,
        subSequenceNumber: null,
        dataCatalogTable: {
          catalogId: null,
          databaseName: 'shop',
          tableName: 'orders',
          region: 'us-east-1',
          versionId: '0',
          catalogArn: null,
        },
      });
      assert.match(lastErrorMessage as string, /^Encountered malformed JSON\./);
      assert.ok((attemptEndingTimestamp as number) >= (arrivalTimestamp as number));
      assert.equal(misfit!['lastErrorCode'], 'DataFormatConversion.MalformedData');
      assert.equal(tables.open, 0);
      await until(() => firehose.firehose.metrics()['objects'] === 1);
      const { metrics } = firehose.firehose.service;
      const [stream] = [...firehose.firehose.service.state.deliveryStreams.values()];
      const samples = new Map([...metrics.of(stream!).samples(stream!)].map(({ name, value }) => [name, value]));
      assert.deepEqual(
        [
          'SucceedConversion.Records',
          'FailedConversion.Records',
          'FailedConversion.Bytes',
          'DeliveryToS3.Records',
          'DeliveryToS3.ObjectCount',
        ].map((name) => samples.get(name)),
        [2, 2, '{"id":2'.length + '{"id":"three"}'.length, 2, 1],
      );
      assert.deepEqual(
        told.map(({ message }) => (JSON.parse(message) as { errorCode: string }).errorCode),
        ['DataFormatConversion.ParseError', 'DataFormatConversion.MalformedData'],
      );
    } finally {
      await firehose.end();
    }
  });

test('where no record converts there is no file', async () => {
  const firehose = await opened(new Tables(), { ...soon, ...conversionTo({ ParquetSerDe: {} }) });
  try {
    await put(firehose, 'no JSON');
    await until(() => firehose.firehose.metrics()['objects'] === 1);
    assert.deepEqual(
      firehose.objects.stored.map(({ key }) => key.split('/')[0]),
      ['format-conversion-failed'],
    );
  } finally {
    await firehose.end();
  }
});

test('a table that is gone stops delivery until it is back, and the fault is told', async () => {
  const tables = new Tables();
  const told: unknown[] = [];
  const firehose = await opened(
    tables,
    { ...soon, ...conversionTo({ ParquetSerDe: {} }) },
    { report: (_, error) => told.push(error) },
  );
  try {
    tables.tables.clear();
    await put(firehose, '{"id":1}');
    await until(() => told.length > 0);
    assert.equal((told[0] as { code: string }).code, 'DataFormatConversion.EntityNotFound');
    tables.tables.set('shop.orders', [{ name: 'id', type: 'no type' }]);
    await until(() => {
      firehose.world.advance(1000);
      return told.some((error) => (error as { code: string }).code === 'DataFormatConversion.InvalidSchema');
    });
    assert.equal(firehose.objects.stored.length, 0);
    tables.tables.set('shop.orders', orders);
    await until(() => {
      firehose.world.advance(1000);
      return firehose.objects.stored.length === 1;
    });
    assert.match(firehose.objects.stored[0]!.key, /\.parquet$/);
  } finally {
    await firehose.end();
  }
});

test('a conversion that fails is tried again, under the same names', async () => {
  const tables = new Tables();
  const firehose = await opened(tables, { ...soon, ...conversionTo({ OrcSerDe: {} }) });
  let faults = 2;
  tables.fault = () => {
    faults -= 1;
    if (faults >= 0) throw new Error('the worker has failed');
  };
  const put1 = firehose.objects.put.bind(firehose.objects);
  let isRefused = true;
  firehose.objects.put = async (object) => {
    await put1(object);
    if (!object.key.endsWith('.orc') || !isRefused) return;
    isRefused = false;
    throw new Error('the answer was lost');
  };
  try {
    await put(firehose, '{"id":1}', 'bad');
    await until(() => {
      firehose.world.advance(1000);
      return firehose.firehose.metrics()['objects'] === 1;
    });
    assert.equal(firehose.firehose.metrics()['failures'], 3);
    assert.equal(firehose.objects.stored.length, 4);
    assert.equal(new Set(firehose.objects.stored.map(({ key }) => key)).size, 2);
    assert.equal(tables.open, 0);
  } finally {
    await firehose.end();
  }
});

test('by another table the objects have other names: what was given up and lands late replaces nothing', async () => {
  const tables = new Tables();
  const firehose = await opened(tables, { ...soon, ...conversionTo({ OrcSerDe: {} }) });
  const keep = firehose.objects.put.bind(firehose.objects);
  let isRefused = true;
  firehose.objects.put = async (object) => {
    await keep(object);
    if (!isRefused || !object.key.endsWith('.orc')) return;
    isRefused = false;
    tables.tables.set('shop.orders', [{ name: 'id', type: 'string' }]);
    throw new Error('the answer was lost');
  };
  try {
    await put(firehose, '{"id":1}', '{"id":"one"}', 'bad');
    await until(() => {
      firehose.world.advance(1000);
      return firehose.firehose.metrics()['objects'] === 1;
    });
    assert.equal(firehose.objects.stored.length, 4);
    assert.equal(new Set(firehose.objects.stored.map(({ key }) => key)).size, 4);
  } finally {
    await firehose.end();
  }
});

test('few files are made at once, however many deliveries there are', async () => {
  const tables = new Tables();
  const firehose = await opened(tables, { ...soon, ...conversionTo({ OrcSerDe: {} }) });
  let go: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  try {
    tables.fault = () => gate;
    for (let number = 0; number < 6; number += 1) {
      const DeliveryStreamName = `d${number}`;
      const ExtendedS3DestinationConfiguration = { ...s3, ...soon, ...conversionTo({ OrcSerDe: {} }) };
      await firehose.call('CreateDeliveryStream', { DeliveryStreamName, ExtendedS3DestinationConfiguration });
      await firehose.untilActive(DeliveryStreamName);
    }
    // Making a delivery stream tries its conversion.
    tables.mostOpen = 0;
    for (let number = 0; number < 6; number += 1) {
      const Records = [{ Data: Buffer.from('{"id":1}').toString('base64') }];
      await firehose.call('PutRecordBatch', { DeliveryStreamName: `d${number}`, Records });
    }
    await until(() => tables.open === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    go!();
    await until(() => firehose.objects.stored.length === 6);
    assert.equal(tables.mostOpen, 2);
  } finally {
    await firehose.end();
  }
});

test('a page of records that all fail is told in objects of a bounded size', async () => {
  const firehose = await opened(new Tables(), {
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 900 },
    ...conversionTo({ OrcSerDe: {} }),
  });
  try {
    const records = Array<string>(500).fill('x'.repeat(2000));
    for (let batch = 0; batch < 20; batch += 1) await put(firehose, ...records);
    await until(() => {
      firehose.world.advance(900_000);
      return firehose.firehose.metrics()['objects'] === 1;
    });
    const sizes = firehose.objects.stored.map(({ body }) => body.length);
    assert.equal(sizes.length, 2);
    assert.ok(Math.max(...sizes) < 17 << 20, `${Math.max(...sizes)}`);
    assert.equal(firehose.objects.stored.flatMap(({ body }) => String(body).trimEnd().split('\n')).length, 10_000);
  } finally {
    await firehose.end();
  }
});
