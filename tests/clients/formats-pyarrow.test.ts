/** What record format conversion makes of JSON, read back by pyarrow, value by value. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { parseSchema } from '@millrace/orc';
import { openFormats } from '@millrace/record-formats';
import type { ParquetSerDe, RecordFormats, Serializer } from '@millrace/record-formats';
import { pythonEnvironment } from './environments.ts';
import { expectedRow, rowAsJson } from './formats/json-rows.ts';
import { generator, TableMaker } from './orc/random-tables.ts';
import type { Printed } from './orc/random-tables.ts';
import { OrcReader } from './orc/reader.ts';

let reader: OrcReader;
let formats: RecordFormats;
let folder = '';
before(async () => {
  reader = new OrcReader(join(await pythonEnvironment(), 'python'), [
    join(import.meta.dirname, 'python/columnar_reader.py'),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'millrace-formats-'));
  formats = openFormats({ scratchFolder: join(folder, 'scratch') });
});
after(async () => {
  await formats.close();
  await reader.stop();
  await rm(folder, { recursive: true, force: true });
});

const serializers = fc.oneof(
  fc
    .record<ParquetSerDe>({
      Compression: fc.constantFrom('UNCOMPRESSED', 'GZIP', 'SNAPPY'),
      WriterVersion: fc.constantFrom('V1', 'V2'),
      EnableDictionaryCompression: fc.constantFrom(true, false),
    })
    .map((options): Serializer => ({ ParquetSerDe: options })),
  fc.constantFrom('NONE', 'ZLIB', 'SNAPPY').map((Compression): Serializer => ({
    OrcSerDe: { Compression },
  })),
);

const runs = Number(process.env['MILLRACE_FORMATS_RUNS'] ?? 40);

test('random schemas and records', { timeout: 600_000 }, async () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 31 });
  await fc.assert(
    fc.asyncProperty(seeds, fc.constantFrom(3, 300, 5000), serializers, async (seed, mostRows, serializer) => {
      const table = new TableMaker(seed).table(mostRows);
      const { fields } = parseSchema(table.schema);
      const random = generator(seed);
      const records = toRecords(
        table.rows.map((row) => rowAsJson(fields, row, random)),
        random,
      );
      const isParquet = serializer.ParquetSerDe !== undefined;
      const { path, failed } = await convert(columnsOf(table.schema), serializer, records);
      assert.deepEqual(failed, []);
      const rows = (await reader.ask(isParquet ? 'parquet-rows' : 'rows', path)) as Printed[][];
      assert.deepEqual(
        rows.map((row) => expectedRow(fields, row, isParquet)),
        table.printed.map((row) => expectedRow(fields, row as Printed[], isParquet)),
        table.schema,
      );
    }),
    { numRuns: runs },
  );
});

/** One, or some, or many JSON objects a record, with and without a line break behind each. */
function toRecords(documents: readonly string[], random: () => number): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < documents.length;) {
    const count = random() < 0.8 ? 1 : 1 + Math.floor(random() * 5);
    records.push(
      Buffer.from(documents.slice(at, at + count).join(random() < 0.5 ? '\n' : '') + (count % 2 ? '\n' : '')),
    );
    at += count;
  }
  return records;
}

function columnsOf(schema: string): { name: string; type: string }[] {
  // Names of random tables have no brackets: a column ends at the comma that no bracket is open at.
  const columns: { name: string; type: string }[] = [];
  let [depth, from] = [0, 'struct<'.length];
  for (let at = from; at < schema.length; at += 1) {
    const character = schema[at]!;
    if (depth === 0 && (character === ',' || at === schema.length - 1)) {
      const [name, ...type] = schema.slice(from, at).split(':');
      columns.push({ name: name!, type: type.join(':') });
      from = at + 1;
    }
    if ('<('.includes(character)) depth += 1;
    if ('>)'.includes(character)) depth -= 1;
  }
  return columns;
}

async function convert(
  columns: { name: string; type: string }[],
  serializer: Serializer,
  records: readonly Buffer[],
): Promise<{ path: string; failed: unknown[] }> {
  const pieces: Uint8Array[] = [];
  const settings = { columns, serializer, deserializer: { OpenXJsonSerDe: {} } };
  const conversion = await formats.createConversion(settings, (bytes) => void pieces.push(bytes));
  const failed: unknown[] = [];
  for (let at = 0; at < records.length; at += 700) failed.push(...(await conversion.add(records.slice(at, at + 700))));
  const { byteLength } = await conversion.finish();
  await conversion.close();
  const file = Buffer.concat(pieces);
  assert.equal(file.length, byteLength);
  const path = join(folder, serializer.ParquetSerDe === undefined ? 'random.orc' : 'random.parquet');
  await writeFile(path, file);
  return { path, failed };
}

interface Described {
  readonly schema: readonly string[];
  readonly groups: readonly number[];
  readonly compression: readonly string[];
  readonly encodings: readonly string[];
}

test('the options of Parquet are in the file', { timeout: 60_000 }, async () => {
  const columns = [
    { name: 'n', type: 'bigint' },
    { name: 't', type: 'string' },
    { name: 'small', type: 'tinyint' },
    { name: 'at', type: 'timestamp' },
    { name: 'price', type: 'decimal(12,2)' },
  ];
  const records = Array.from({ length: 20_000 }, (_, n) =>
    Buffer.from(JSON.stringify({ n, t: `text ${n % 7}`, small: n % 100, at: n, price: `${n}.5` })),
  );
  const describe = async (options: ParquetSerDe): Promise<Described> => {
    const { path } = await convert(columns, { ParquetSerDe: options }, records);
    return (await reader.ask('describe-parquet', path)) as Described;
  };
  const plain = await describe({});
  assert.deepEqual(plain.schema, ['n int64', 't string', 'small int8', 'at timestamp[us]', 'price decimal128(12, 2)']);
  assert.deepEqual([plain.groups, plain.compression], [[20_000], ['SNAPPY']]);
  assert.ok(
    plain.encodings.some((encoding) => encoding.includes('DICTIONARY')),
    plain.encodings.join(' '),
  );
  const none = await describe({ Compression: 'GZIP', EnableDictionaryCompression: false });
  assert.deepEqual(none.compression, ['GZIP']);
  assert.ok(!none.encodings.some((encoding) => encoding.includes('DICTIONARY')), none.encodings.join(' '));
  const second = await describe({
    WriterVersion: 'V2',
    Compression: 'UNCOMPRESSED',
    EnableDictionaryCompression: false,
  });
  assert.deepEqual(second.compression, ['UNCOMPRESSED']);
  assert.ok(
    second.encodings.some((encoding) => encoding.startsWith('DELTA')),
    second.encodings.join(' '),
  );
});
