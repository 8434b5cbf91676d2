/** Records put directly and into a stream become Parquet and ORC files of a real server, read back row by row. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import duckdb from '@duckdb/node-bindings';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, kinesisCaller, untilActive } from './caller.ts';
import { createConverting, createTable, FileReader, filesBelow, order, rowOf } from './converted-orders.ts';

const count = 10_000;
const malformed = '{"id": 1, "item": ';

let reader: FileReader;
let folder = '';
before(async () => {
  reader = await FileReader.start();
  folder = await mkdtemp(join(tmpdir(), 'millrace-converted-'));
});
after(async () => {
  await reader.stop();
  await rm(folder, { recursive: true, force: true });
});

test('orders, put directly and into a stream, to Parquet and ORC', { timeout: 180_000 }, async () => {
  const data = join(folder, 'data');
  const server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0']);
  const serializers = { parquet: { ParquetSerDe: {} }, orc: { OrcSerDe: { Compression: 'ZLIB' } } };
  try {
    const kinesis = kinesisCaller(server.endpoint);
    const firehose = firehoseCaller(server.endpoint);
    await createTable(server.endpoint);
    await kinesis('CreateStream', { StreamName: 'orders', ShardCount: 2 });
    await untilActive(kinesis, 'orders');
    const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
    for (const [format, serializer] of Object.entries(serializers)) {
      await createConverting(server.endpoint, `direct-${format}`, { serializer, intervalSeconds: 1 });
      await createConverting(server.endpoint, `stream-${format}`, { serializer, intervalSeconds: 1, streamArn });
    }
    for (let from = 0; from < count; from += 500) {
      const texts = Array.from({ length: 500 }, (_, index) => order(from + index));
      if (from === 5000) texts[250] += malformed;
      const all = texts.map((text) => Buffer.from(text).toString('base64'));
      const direct = all.map((Data) => ({ Data }));
      await firehose('PutRecordBatch', { DeliveryStreamName: 'direct-parquet', Records: direct });
      await firehose('PutRecordBatch', { DeliveryStreamName: 'direct-orc', Records: direct });
      const records = all.map((Data, index) => ({ Data, PartitionKey: `${index}` }));
      await kinesis('PutRecords', { StreamName: 'orders', Records: records });
    }
    const expected = Array.from({ length: count }, (_, id) => rowOf(id)).filter(([id]) => id !== '5250');
    for (const format of Object.keys(serializers))
      for (const bucket of [`direct-${format}`, `stream-${format}`].map((name) => join(data, 'buckets', name))) {
        let rows: unknown[][] = [];
        await untilTrue(async () => {
          rows = await reader.rows(bucket);
          return rows.length >= expected.length && (await filesBelow(bucket, /errors.*\d$|errors.*[a-f]$/)).length > 0;
        }, `the rows of ${bucket}`);
        assert.deepEqual(rows.toSorted(byId), expected, bucket);
        await assertOneMalformed(bucket);
        if (format === 'parquet') assert.deepEqual(await readByDuckDb(bucket), duckDbRows());
      }
  } finally {
    assert.equal(await server.stop(), 0);
  }
});

test('by a table of the configuration file', { timeout: 60_000 }, async () => {
  const [data, config] = [join(folder, 'declared'), join(folder, 'config.json')];
  const tables = [{ database: 'Shop', name: 'orders', columns: { id: 'bigint', item: 'string' } }];
  await writeFile(config, JSON.stringify({ tables: [...tables, ...tables] }));
  await assert.rejects(startServer(['--data', data, '--config', config]), /shop\.orders is there twice/);
  await writeFile(config, JSON.stringify({ tables }));
  const server = await startServer(['--data', data, '--config', config, '--transition-ms', '0']);
  try {
    const serializer = { OrcSerDe: {} };
    await createConverting(server.endpoint, 'declared', { serializer, intervalSeconds: 0 });
    const Records = [{ Data: Buffer.from(order(7)).toString('base64') }];
    await firehoseCaller(server.endpoint)('PutRecordBatch', { DeliveryStreamName: 'declared', Records });
    let rows: unknown[][] = [];
    await untilTrue(async () => (rows = await reader.rows(join(data, 'buckets/declared'))).length > 0);
    assert.deepEqual(rows, [['7', 'item 7']]);
  } finally {
    assert.equal(await server.stop(), 0);
  }
});

function byId([one]: unknown[], [other]: unknown[]): number {
  return Number(one) - Number(other);
}

async function assertOneMalformed(bucket: string): Promise<void> {
  const [path, ...others] = await filesBelow(bucket, /errors\/format-conversion-failed\/.*\/[^/]*-[0-9a-f]{12}$/);
  assert.deepEqual(others, []);
  const lines = (await readFile(path!, 'utf8')).trimEnd().split('\n');
  assert.equal(lines.length, 1);
  const failed = JSON.parse(lines[0]!) as Record<string, string>;
  assert.equal(failed['lastErrorCode'], 'DataFormatConversion.ParseError');
  assert.equal(String(Buffer.from(failed['rawData']!, 'base64')), order(5250) + malformed);
}

/** The files as DuckDB sees them all together, by its own JSON. */
async function readByDuckDb(bucket: string): Promise<unknown[]> {
  const database = await duckdb.open(':memory:');
  const connection = await duckdb.connect(database);
  const path = join(folder, 'rows.json');
  try {
    const glob = join(bucket, 'data/**/*.parquet');
    const select = `SELECT id, item, price::VARCHAR AS price, epoch_ms(placed) AS placed, tags FROM read_parquet('${glob}')`;
    await duckdb.query(connection, `COPY (${select} ORDER BY id) TO '${path}' (FORMAT JSON)`);
  } finally {
    duckdb.disconnect_sync(connection);
    duckdb.close_sync(database);
  }
  return (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

function duckDbRows(): unknown[] {
  return Array.from({ length: count }, (_, id) => {
    const { item, price, placed, tags } = JSON.parse(order(id)) as Record<string, string>;
    return { id, item, price, placed: Date.parse(placed!), tags };
  }).filter(({ id }) => id !== 5250);
}
