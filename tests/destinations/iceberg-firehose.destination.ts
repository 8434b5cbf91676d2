/**
 * Iceberg as a destination: what a real Millrace appends through Iceberg's own REST catalog to an S3 that enforces signatures,
 * read back by pyiceberg.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from '../process/caller.ts';
import { never, startIcebergParts } from './iceberg-parts.ts';
import type { IcebergParts } from './iceberg-parts.ts';

const timeout = 300_000;
const role = 'arn:aws:iam::000000000000:role/firehose';
const orders = { DestinationDatabaseName: 'shop', DestinationTableName: 'orders' };
const returns = { ...orders, DestinationTableName: 'returns' };
const configuration = {
  RoleARN: role,
  CatalogConfiguration: { CatalogARN: 'arn:aws:glue:us-east-1:000000000000:catalog/lake' },
  DestinationTableConfigurationList: [orders],
  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
  RetryOptions: { DurationInSeconds: 7200 },
  S3Configuration: { RoleARN: role, BucketARN: 'arn:aws:s3:::logs' },
};

interface Scene {
  readonly parts: IcebergParts;
  /** The one that runs now. */
  server: ServerProcess;
  /** Another server on the same directory; the catalog's token is the right one unless told. */
  startAgain(token?: string): Promise<void>;
}

/** Ends everything that it started, whatever `play` does. */
async function withLake(play: (scene: Scene) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-lake-'));
  const parts = await startIcebergParts();
  const { s3, iceberg, catalog } = parts;
  try {
    await s3.createBucket('logs');
    for (const name of ['orders', 'returns'])
      await catalog.createTable(
        {
          namespace: ['shop'],
          name,
          schema: {
            type: 'struct',
            fields: [
              { id: 1, name: 'id', required: true, type: 'long' },
              { id: 2, name: 'placed', required: false, type: 'timestamptz' },
              { id: 3, name: 'total', required: false, type: 'decimal(10,2)' },
              { id: 4, name: 'note', required: false, type: 'string' },
            ],
          },
          partitionFields: [{ 'source-id': 2, 'field-id': 1000, name: 'placed_day', transform: 'day' }],
        },
        never,
      );
    const place = new URL(iceberg.endpoint).host;
    const start = (token = iceberg.token): Promise<ServerProcess> =>
      startServer(['--data', data, '--limits', 'none', '--transition-ms', '0', '--s3', s3.endpoint], {
        env: { ...s3.env, MILLRACE_ICEBERG_CATALOGS: `lake=http://:${token}@${place}` },
      });
    const scene: Scene = {
      ...{ parts, server: await start() },
      async startAgain(token) {
        scene.server = await start(token);
      },
    };
    try {
      await play(scene);
    } finally {
      assert.equal(await scene.server.stop(), 0, scene.server.log());
      assert.ok(!scene.server.log().includes(iceberg.token), 'the token is in the log');
    }
  } finally {
    await parts.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function create({ server }: Scene, name: string, given: object = {}): Promise<void> {
  const call = firehoseCaller(server.endpoint);
  await call('CreateDeliveryStream', {
    DeliveryStreamName: name,
    IcebergDestinationConfiguration: { ...configuration, ...given },
  });
  await untilDelivering(call, name);
}

async function put({ server }: Scene, name: string, records: readonly (string | object)[]): Promise<void> {
  const texts = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)));
  const Records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
  await firehoseCaller(server.endpoint)('PutRecordBatch', { DeliveryStreamName: name, Records });
}

/** How often each number is the id of a row. */
async function idsIn({ parts }: Scene, table: string): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (const { id } of (await parts.iceberg.rows(table)) as { id: number }[]) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** The error records below a prefix. */
async function failed({ parts }: Scene, prefix: string): Promise<{ errorCode: string; rawData: string }[]> {
  const bodies = await parts.s3.objects('logs', prefix);
  const lines = [...bodies.values()].flatMap((body) => String(body).trimEnd().split('\n'));
  return lines.map((line) => JSON.parse(line) as { errorCode: string; rawData: string });
}

test(
  'Iceberg: rows are equal, by partition; what does not fit, with its reason, at the error prefix',
  { timeout },
  () =>
    withLake(async (scene) => {
      await create(scene, 'orders', { S3BackupMode: 'AllData' });
      const begun = Date.UTC(2026, 2, 1, 22);
      const rows = Array.from({ length: 2000 }, (_, id) => ({
        id,
        placed: new Date(begun + id * 10_000).toISOString(),
        total: id / 4,
        note: `it's "${id}" — ü\\`,
      }));
      for (let start = 0; start < rows.length; start += 500) await put(scene, 'orders', rows.slice(start, start + 500));
      await put(scene, 'orders', [
        'no JSON',
        { note: 'no id' },
        { id: 2000, placed: 'once upon a time' },
        { id: 2001 },
      ]);
      await untilTrue(async () => (await failed(scene, 'iceberg-failed/')).length === 3, 'what does not fit', 90_000);
      const told = await failed(scene, 'iceberg-failed/');
      assert.deepEqual(
        new Map(told.map(({ rawData, errorCode }) => [atob(rawData), errorCode])),
        new Map([
          ['no JSON', 'DataFormatConversion.ParseError'],
          ['{"note":"no id"}', 'Iceberg.MissingColumnWithinRecord'],
          ['{"id":2000,"placed":"once upon a time"}', 'DataFormatConversion.MalformedData'],
        ]),
      );
      await untilTrue(async () => (await idsIn(scene, 'shop.orders')).size === 2001, 'every row', 90_000);
      const found = await scene.parts.iceberg.rows('shop.orders');
      found.sort((a, b) => (a['id'] as number) - (b['id'] as number));
      assert.equal(found.length, 2001);
      for (const [at, { id, placed, total, note }] of rows.entries())
        assert.deepEqual(found[at], {
          id,
          placed: placed.replace('T', ' ').replace('.000Z', '+00:00'),
          total: total.toFixed(2),
          note,
        });
      const files = await scene.parts.s3.keys('lake', 'warehouse/shop/orders/data/');
      const days = new Set(files.map((key) => key.split('/')[4]));
      assert.deepEqual(days, new Set(['placed_day=2026-03-01', 'placed_day=2026-03-02', 'placed_day=null']));
      const kept = [...(await scene.parts.s3.objects('logs', '2')).values()].join('');
      assert.ok(kept.includes('no JSON') && kept.includes('"id":1999'));
    }),
);

test(
  'Iceberg: a query in jq sends records to tables; deletes and what is for no table go to the errors',
  { timeout },
  () =>
    withLake(async (scene) => {
      const query = '{destinationDatabaseName: "shop", destinationTableName: .kind, operation: .do}';
      await create(scene, 'routed', {
        DestinationTableConfigurationList: [{ ...orders, S3ErrorOutputPrefix: 'orders-errors/' }, returns],
        ProcessingConfiguration: {
          Enabled: true,
          Processors: [
            {
              Type: 'MetadataExtraction',
              Parameters: [
                { ParameterName: 'MetadataExtractionQuery', ParameterValue: query },
                { ParameterName: 'JsonParsingEngine', ParameterValue: 'JQ-1.6' },
              ],
            },
          ],
        },
      });
      const kinds = ['orders', 'returns', 'nowhere'];
      const rows = Array.from({ length: 300 }, (_, id) => ({ id, kind: kinds[id % 3] }));
      await put(scene, 'routed', [...rows, { id: 300, kind: 'orders', do: 'delete' }]);
      const counts = async (): Promise<unknown> => [
        (await failed(scene, 'iceberg-failed/')).map(({ errorCode }) => errorCode),
        (await failed(scene, 'orders-errors/')).map(({ errorCode }) => errorCode),
      ];
      const expected = [new Array(100).fill('Iceberg.NoSuchTable'), ['Iceberg.UnsupportedOperation']];
      await untilTrue(async () => JSON.stringify(await counts()) === JSON.stringify(expected), 'the errors', 90_000);
      for (const [at, table] of ['shop.orders', 'shop.returns'].entries()) {
        const ids = [...(await idsIn(scene, table)).keys()].toSorted((a, b) => a - b);
        assert.deepEqual(
          ids,
          Array.from({ length: 100 }, (_, index) => index * 3 + at),
        );
      }
    }),
);

test('Iceberg: a token that is refused keeps nothing back for ever', { timeout }, () =>
  withLake(async (scene) => {
    await create(scene, 'orders');
    await scene.server.stop();
    await scene.startAgain('guessed');
    await put(scene, 'orders', [{ id: 1 }, { id: 2 }]);
    await untilTrue(() => /failed \(Glue\.AccessDenied\) and is tried again/.test(scene.server.log()), 'a refusal');
    assert.equal(await scene.server.stop(), 0);
    await scene.startAgain();
    await untilTrue(async () => (await idsIn(scene, 'shop.orders')).size === 2, 'both rows', 60_000);
    assert.deepEqual(await failed(scene, 'iceberg-failed/'), []);
  }),
);

test('Iceberg: Millrace killed with -9 while it appends: nothing is missing', { timeout }, (t: TestContext) =>
  withLake(async (scene) => {
    await create(scene, 'orders');
    const acknowledged = new Set<number>();
    const sent = new Set<number>();
    let next = 0;
    const files = async (): Promise<number> => (await scene.parts.s3.keys('lake', 'warehouse/shop/orders/')).length;
    for (let round = 0; round < 5; round += 1) {
      const before = await files();
      const writing = (async () => {
        for (;;) {
          const ids = Array.from({ length: 100 }, () => next++);
          for (const id of ids) sent.add(id);
          const rows = ids.map((id) => ({ id, placed: Date.UTC(2026, 2, 1) * 1000 + id, note: 'x'.repeat(200) }));
          const isTaken = await put(scene, 'orders', rows).then(
            () => true,
            () => false,
          );
          if (!isTaken) return;
          for (const id of ids) acknowledged.add(id);
        }
      })();
      // In the midst of the next delivery: its files come one by one.
      await untilTrue(async () => (await files()) > before + 4 + round, 'files of an append', 60_000);
      await scene.server.stop('SIGKILL');
      await writing;
      await scene.startAgain();
    }
    let ids = new Map<number, number>();
    await untilTrue(
      async () => {
        ids = await idsIn(scene, 'shop.orders');
        return [...acknowledged].every((id) => ids.has(id));
      },
      'every row',
      120_000,
    );
    for (const id of ids.keys()) assert.ok(sent.has(id), `a row that nobody put: ${id}`);
    assert.deepEqual(await failed(scene, 'iceberg-failed/'), []);
    const twice = [...ids.values()].filter((count) => count > 1).length;
    t.diagnostic(`${acknowledged.size} rows acknowledged, ${ids.size} in the table, ${twice} of them more than once`);
  }),
);
