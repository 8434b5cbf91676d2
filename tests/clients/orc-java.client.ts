/** What the ORC writer writes, read by Apache ORC's own reader: values, seeks, search arguments, statistics, padding. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { OrcOptions } from '@millrace/orc';
import { orcClassPath } from './environments.ts';
import { TableMaker } from './orc/random-tables.ts';
import { OrcReader } from './orc/reader.ts';
import { writeOrcFile } from './orc/write-file.ts';

const timeout = 600_000;
let reader: OrcReader;
let folder = '';
let path = '';
before(async () => {
  reader = new OrcReader('java', ['-Xmx1g', '-cp', await orcClassPath(), 'OrcReaderMain']);
  folder = await mkdtemp(join(tmpdir(), 'millrace-orc-'));
  path = join(folder, 'table.orc');
});
after(async () => {
  await reader.stop();
  await rm(folder, { recursive: true, force: true });
});

const formats: OrcOptions[] = (['NONE', 'ZLIB', 'SNAPPY'] as const).flatMap((Compression) =>
  (['V0_11', 'V0_12'] as const).map((FormatVersion) => ({ Compression, FormatVersion })),
);

test('random schemas and rows in stripes, and rows sought by the index', { timeout }, async () => {
  const option = fc.record<OrcOptions>({
    Compression: fc.constantFrom('NONE', 'ZLIB', 'SNAPPY'),
    FormatVersion: fc.constantFrom('V0_11', 'V0_12'),
    RowIndexStride: fc.constantFrom(1000, 1001),
    DictionaryKeyThreshold: fc.constantFrom(0, 0.1, 0.8, 1),
  });
  const seeds = fc.integer({ min: 0, max: 2 ** 31 });
  const stripes = fc.constantFrom(undefined, 2000, 20_000, 200_000);
  await fc.assert(
    fc.asyncProperty(seeds, fc.constantFrom(3, 3000, 6000), option, stripes, async (seed, mostRows, options, bytes) => {
      const table = new TableMaker(seed).table(mostRows);
      await writeOrcFile(path, table, options, bytes);
      assert.deepEqual(await reader.ask('rows', path), table.printed, table.schema);
      for (const row of [0, 999, 1000, 1001, 2002, 2999, 5005])
        if (row < table.rows.length)
          assert.deepEqual(await reader.ask('row', path, `${row}`), table.printed[row], `row ${row}: ${table.schema}`);
    }),
    { numRuns: Number(process.env['MILLRACE_ORC_RUNS'] ?? 60) },
  );
});

/** Ten row groups of 1,000; what is sought stands in one of them, amid values that min and max do not tell it from. */
const groups = 10;
const columns = {
  tinyint: (row: number) => (row % 1000 === 0 ? -128 : row % 1000 === 1 ? 127 : row === 4500 ? 77 : row % 50),
  int: (row: number) => scattered(row),
  bigint: (row: number) => BigInt(scattered(row)) * 9_007_199_254_741n,
  float: (row: number) => scattered(row) / 8,
  double: (row: number) => scattered(row) / 1000,
  string: (row: number) => `größe-${scattered(row)}`,
  'varchar(20)': (row: number) => `v${scattered(row)}`,
  // Few enough for a dictionary, and each in one group only but for the least and the most.
  'varchar(8)': (row: number) =>
    row % 1000 === 0 ? 'a' : row % 1000 === 1 ? 'z' : `w${row % 50}-${Math.floor(row / 1000)}`,
  date: (row: number) => scattered(row) % 100_000,
  timestamp: (row: number) => scattered(row) * 1_000_003,
  'decimal(12,3)': (row: number) => `${scattered(row)}.250`,
  'decimal(30,5)': (row: number) => `12345678901234567${scattered(row)}.50000`,
} as const;

/** Every group from the least to the most, and no value in two groups. */
function scattered(row: number): number {
  if (row % 1000 === 0) return 0;
  if (row % 1000 === 1) return 999_999;
  return 1 + ((row * 7919) % 999_983);
}

const literals: Readonly<Record<keyof typeof columns, (value: unknown) => string>> = {
  tinyint: String,
  int: String,
  bigint: String,
  float: String,
  double: String,
  string: String,
  'varchar(20)': String,
  'varchar(8)': String,
  date: (value) => new Date((value as number) * 86_400_000).toISOString().slice(0, 10),
  timestamp: (value) => new Date(value as number).toISOString(),
  'decimal(12,3)': String,
  'decimal(30,5)': String,
};

for (const options of formats) {
  test(`bloom filters leave one row group of ten: ${Object.values(options).join(', ')}`, { timeout }, async () => {
    const types = Object.keys(columns) as (keyof typeof columns)[];
    const schema = types.map((type, index) => ({ name: `c${index}`, type }));
    const rows = Array.from({ length: groups * 1000 }, (_, row) => types.map((type) => columns[type](row)));
    const BloomFilterColumns = schema.map(({ name }) => name);
    const filters = { BloomFilterColumns, RowIndexStride: 1000, BloomFilterFalsePositiveProbability: 0.001 };
    await writeOrcFile(path, { schema, rows }, { ...options, ...filters });
    for (const [index, type] of types.entries()) {
      const sought = literals[type](columns[type](4500));
      const found = (await reader.ask('search', path, `c${index}`, 'EQ', sought)) as unknown[];
      assert.equal(found.length, 1000, `${type} = ${sought}`);
      const all = (await reader.ask('rows', path)) as unknown[][];
      assert.deepEqual(
        found,
        all.slice(4000, 5000).map((row) => row[index]),
        type,
      );
    }
    // And without them all ten are read: it is the filters that the reader used.
    await writeOrcFile(path, { schema, rows }, { ...options, RowIndexStride: 1000 });
    const found = (await reader.ask('search', path, 'c1', 'EQ', `${scattered(4500)}`)) as unknown[];
    assert.equal(found.length, groups * 1000);
  });

  test(`minima leave the first two of ten row groups: ${Object.values(options).join(', ')}`, { timeout }, async () => {
    const schema =
      'struct<a:int,b:string,c:double,d:decimal(10,2),e:date,f:timestamp,g:array<string>,h:map<string,int>,i:boolean,n:tinyint>';
    const rows = Array.from({ length: groups * 1000 }, (_, row) => ({
      a: row,
      b: String(row).padStart(6, '0'),
      c: row / 2,
      d: row,
      e: row,
      f: row * 1000,
      g: Array.from({ length: row % 4 }, (_, index) => `${row}/${index}`),
      h: row % 3 === 0 ? null : { [`k${row}`]: row },
      i: row % 5 === 0,
      n: row % 7 === 0 ? null : row % 100,
    }));
    await writeOrcFile(path, { schema, rows }, { ...options, RowIndexStride: 1000 });
    const all = (await reader.ask('rows', path)) as unknown[][];
    const limits = { a: '1500', b: '001500', c: '750', d: '1500', e: '1974-02-09', f: '1970-01-01T00:25:00Z' };
    for (const [index, [column, limit]] of Object.entries(limits).entries()) {
      const found = (await reader.ask('search', path, column, 'LT', limit)) as unknown[];
      assert.deepEqual(
        found,
        all.slice(0, 2000).map((row) => row[index]),
        column,
      );
    }
    for (const row of [0, 1, 999, 1000, 4321, 9999])
      assert.deepEqual(await reader.ask('row', path, `${row}`), all[row], `row ${row}`);
  });
}

interface Described {
  readonly rows: number;
  readonly schema: string;
  readonly version: string;
  readonly compression: string;
  readonly stripes: readonly { readonly offset: number; readonly length: number; readonly rows: number }[];
  readonly statistics: readonly string[];
  readonly stripeStatistics: readonly (readonly string[])[];
}

const describeFile = async (): Promise<Described> => (await reader.ask('describe', path)) as Described;
const withoutBytes = (texts: readonly string[]): string[] => texts.map((text) => text.replace(/ bytesOnDisk: \d+/, ''));

test('statistics are what the values say', { timeout }, async () => {
  const schema =
    'struct<a:bigint,b:double,c:string,d:boolean,e:decimal(38,2),f:date,g:binary,h:timestamp,i:array<int>,j:double,k:string,l:bigint>';
  const given = Array.from({ length: 2500 }, (_, row) => ({
    a: row % 10 === 0 ? null : -row,
    b: row / 4,
    c: row === 1234 ? '\u{1F600}' : row === 77 ? '\uE000' : `t${row}`,
    d: row % 4 === 0,
    e: `-${row}.50`,
    f: row - 1000,
    g: new Uint8Array(row % 3),
    h: BigInt(row) * 1_000_000_000n + 123_456_789n,
    i: Array.from({ length: 1 + (row % 5) }, () => row),
    j: row === 5 ? NaN : row,
    k: 'x'.repeat(1500),
    l: 2n ** 62n,
  }));
  await writeOrcFile(path, { schema, rows: given }, { RowIndexStride: 1000 });
  const { statistics, stripeStatistics, ...file } = await describeFile();
  const sum = given.reduce((total, { a }) => total + (a ?? 0), 0);
  const textBytes = given.reduce((total, { c }) => total + Buffer.byteLength(c), 0);
  const expected = [
    'count: 2500 hasNull: false',
    `count: 2250 hasNull: true min: -2499 max: -1 sum: ${sum}`,
    `count: 2500 hasNull: false min: 0.0 max: 624.75 sum: ${(2499 * 2500) / 8}`,
    `count: 2500 hasNull: false min: t0 max: \u{1F600} sum: ${textBytes}`,
    'count: 2500 hasNull: false true: 625',
    `count: 2500 hasNull: false min: -2499.5 max: -0.5 sum: -${(2499 * 2500) / 2 + 1250}`,
    'count: 2500 hasNull: false min: 1967-04-07 max: 1974-02-08',
    `count: 2500 hasNull: false sum: ${833 + 833 * 2}`,
    'count: 2500 hasNull: false min: 1970-01-01 00:00:00.123456789 max: 1970-01-01 00:41:39.123456789',
    'count: 2500 hasNull: false minChildren: 1 maxChildren: 5 totalChildren: 7500',
    `count: 7500 hasNull: false min: 0 max: 2499 sum: ${given.reduce((total, { i }) => total + i.length * i[0]!, 0)}`,
  ];
  const found = withoutBytes(statistics);
  assert.deepEqual(found.slice(0, expected.length), expected);
  assert.match(found[11]!, /sum: NaN/);
  // A text's bound has 1,024 bytes; the upper one is the next text of that length.
  assert.equal(
    found[12],
    `count: 2500 hasNull: false lower: ${'x'.repeat(1024)} upper: ${'x'.repeat(1023)}y sum: 3750000`,
  );
  assert.equal(found[13], 'count: 2500 hasNull: false min: 4611686018427387904 max: 4611686018427387904');
  assert.deepEqual(withoutBytes(stripeStatistics[0]!), found);
  assert.equal(stripeStatistics.length, 1);
  assert.deepEqual([file.rows, file.schema, file.version, file.compression], [2500, schema, '0.12', 'SNAPPY']);
});

/** Bytes that no compression makes fewer. */
const noise = (bytes: number): Uint8Array => randomBytes(bytes);
const mebibyte = 1 << 20;

test('stripes end at their size, and padding keeps them within blocks', { timeout }, async () => {
  const rows = Array.from({ length: 9000 }, (_, row) => ({ id: row, noise: noise(16_384) }));
  const schema = 'struct<id:int,noise:binary>';
  const sizes = { StripeSizeBytes: 9 * mebibyte, BlockSizeBytes: 64 * mebibyte, RowIndexStride: 1000 };
  const tolerated = sizes.StripeSizeBytes * 0.05;
  for (const EnablePadding of [false, true]) {
    await writeOrcFile(path, { schema, rows }, { ...sizes, EnablePadding });
    const { stripes, rows: count } = await describeFile();
    assert.equal(count, rows.length);
    assert.ok(stripes.length >= 15, `${stripes.length} stripes`);
    for (const { length } of stripes) assert.ok(length < sizes.StripeSizeBytes * 1.05, `a stripe of ${length} bytes`);
    const block = (at: number): number => Math.floor(at / sizes.BlockSizeBytes);
    const crossing = stripes.filter(({ offset, length }) => block(offset) !== block(offset + length - 1));
    assert.equal(crossing.length > 0, !EnablePadding, `${crossing.length} stripes cross a block`);
    const ends = [3, ...stripes.map(({ offset, length }) => offset + length)];
    const gaps = stripes.map(({ offset }, at) => offset - ends[at]!);
    assert.equal(gaps.filter((gap) => gap > 0).length, EnablePadding ? 2 : 0);
    for (const gap of gaps) assert.ok(gap <= tolerated, `${gap} bytes of padding`);
    const found = (await reader.ask('search', path, 'id', 'EQ', '8765')) as string[];
    assert.ok(found.includes('8765') && found.length <= 1000, `${found.length} rows read`);
  }
});
