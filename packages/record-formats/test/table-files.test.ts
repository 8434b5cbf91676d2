/** JSON records to the data files of Iceberg tables, read back by DuckDB; by pyiceberg in tests/destinations. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseSchema } from '@millrace/iceberg';
import type { DataFile, TableLayout } from '@millrace/iceberg';
import { openFormats, openFormatsInThread } from '../src/index.ts';
import type { RecordFormats } from '../src/index.ts';
import { duckDbQuery, duckDbRows } from './duckdb-rows.ts';

let folder = '';
let formats: RecordFormats;
let inThread: RecordFormats;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-table-'));
  formats = openFormats({ scratchFolder: join(folder, 'worker') });
  inThread = openFormatsInThread({ scratchFolder: join(folder, 'thread') });
});
after(async () => {
  await Promise.all([formats.close(), inThread.close()]);
  await rm(folder, { recursive: true, force: true });
});

function layout(fields: readonly unknown[], partitions: readonly [number, string][] = [], most = 10): TableLayout {
  const spec = {
    id: 0,
    fields: partitions.map(([sourceId, transform], index) => ({
      id: 1000 + index,
      sourceId,
      name: `p${index}`,
      transform,
    })),
  };
  return { schema: parseSchema({ type: 'struct', fields }), spec, mostPartitions: most };
}

interface Made {
  readonly files: readonly (DataFile & { readonly body: Buffer })[];
  readonly failed: readonly string[];
  readonly later: readonly number[];
}

async function make(table: TableLayout, records: readonly unknown[], by = formats): Promise<Made> {
  let pieces: Uint8Array[] = [];
  const made = await by.createDataFiles(table, (bytes) => void pieces.push(Uint8Array.from(bytes)));
  try {
    const lines = records.map((record) => Buffer.from(typeof record === 'string' ? record : JSON.stringify(record)));
    const { failed, later } = await made.add(lines);
    const files: (DataFile & { body: Buffer })[] = [];
    for (let file = await made.finishFile(); file !== undefined; file = await made.finishFile()) {
      const body = Buffer.concat(pieces);
      assert.equal(body.length, file.byteLength);
      files.push({ ...file, body });
      pieces = [];
    }
    assert.equal(await made.finishFile(), undefined);
    const shown = failed.map(({ index, errorCode, errorMessage }) => `${index} ${errorCode}: ${errorMessage}`);
    return { files, failed: shown, later };
  } finally {
    await made.close();
    await made.close();
  }
}

const optional = (id: number, name: string, type: unknown): unknown => ({ id, name, type, required: false });
const required = (id: number, name: string, type: unknown): unknown => ({ id, name, type, required: true });

test('field ids, at every depth', async () => {
  const fields = [
    required(5, "it's", 'long'),
    optional(9, 'deep', {
      type: 'struct',
      fields: [
        optional(10, 'list', { type: 'list', 'element-id': 11, element: 'string' }),
        optional(12, 'map', { type: 'map', 'key-id': 13, key: 'string', 'value-id': 14, value: 'date' }),
      ],
    }),
    optional(20, 'Millrace_Partition', 'uuid'),
  ];
  const { files } = await make(layout(fields), [{ "it's": 1, deep: { list: ['a'], map: { b: '2026-03-01' } } }]);
  const columns = await duckDbQuery(
    files.map(({ body }) => body),
    'SELECT name, field_id FROM parquet_schema(FILES) WHERE field_id IS NOT NULL',
  );
  assert.deepEqual(
    columns.map(({ name, field_id: id }) => [name, id]),
    [
      ["it's", 5],
      ['deep', 9],
      ['list', 10],
      ['element', 11],
      ['map', 12],
      ['key', 13],
      ['value', 14],
      ['Millrace_Partition', 20],
    ],
  );
});

test('Parquet types are those of the specification', async () => {
  const types = ['int', 'time', 'timestamp', 'timestamptz', 'uuid', 'decimal(9,2)', 'decimal(18,2)', 'decimal(38,2)'];
  const fields = types.map((type, index) => optional(index + 1, `c${index}`, type));
  const { files } = await make(layout(fields), [{ c0: 1 }]);
  const columns = await duckDbQuery(
    files.map(({ body }) => body),
    'SELECT type, logical_type FROM parquet_schema(FILES) WHERE field_id IS NOT NULL',
  );
  const shown = columns.map(({ type, logical_type: logical }) => `${String(type)} ${String(logical)}`);
  for (const [index, pattern] of [
    /^INT32 /,
    /^INT64 TimeType\(isAdjustedToUTC=0, unit=TimeUnit\(MILLIS=<null>, MICROS=MicroSeconds/,
    /^INT64 TimestampType\(isAdjustedToUTC=0, unit=TimeUnit\(MILLIS=<null>, MICROS=MicroSeconds/,
    /^INT64 TimestampType\(isAdjustedToUTC=1, unit=TimeUnit\(MILLIS=<null>, MICROS=MicroSeconds/,
    /^FIXED_LEN_BYTE_ARRAY UUIDType/,
    /^INT32 DecimalType\(scale=2, precision=9\)/,
    /^INT64 DecimalType\(scale=2, precision=18\)/,
    /^FIXED_LEN_BYTE_ARRAY DecimalType\(scale=2, precision=38\)/,
  ].entries())
    assert.match(shown[index]!, pattern);
});

/** The value that DuckDB reads of a column `a`, or why the record has failed. */
async function value(type: unknown, json: string): Promise<unknown> {
  const { files, failed } = await make(layout([optional(1, 'a', type), optional(2, 'b', 'int')]), [
    `{"a":${json},"b":1}`,
  ]);
  if (failed.length > 0) return failed[0];
  const [row] = await duckDbRows(files.map(({ body }) => body));
  return row!['a'];
}

const misfit = (reason: string, path = 'a'): string =>
  `0 DataFormatConversion.MalformedData: Data does not match the schema. ${reason} (column ${path})`;
const unreadable = (text: string, path = 'a'): string => misfit(`For input string: "${text}"`, path);

test('what becomes of JSON', { timeout: 120_000 }, async () => {
  const text = 'Current token (VALUE_STRING) not numeric, can not use numeric value accessors';
  for (const [type, json, expected] of [
    ['long', '9007199254740993', 9_007_199_254_740_993n],
    ['long', '"1"', misfit(text)],
    ['long', '1.5', unreadable('1.5')],
    ['int', '2147483648', misfit('Value 2147483648 is out of range for int')],
    ['boolean', '"true"', unreadable('true')],
    ['double', '1e308', 1e308],
    ['string', '12.50', '12.50'],
    ['decimal(5,2)', '"-1.005"', -1.01],
    ['decimal(5,2)', '1000', misfit('Value 1000 is out of range for decimal(5,2)')],
    ['date', '"2026-03-01"', '2026-03-01'],
    ['date', '20513', '2026-03-01'],
    ['date', '"1 March"', unreadable('1 March')],
    ['date', '100000001', misfit('Value 100000001 is out of range for date')],
    ['timestamp', '1772368496789012', '2026-03-01 12:34:56.789012'],
    ['timestamp', '"1772368496789012"', '2026-03-01 12:34:56.789012'],
    ['timestamp', '-1', '1969-12-31 23:59:59.999999'],
    ['timestamp', '"2026-03-01T12:34:56.1234567Z"', '2026-03-01 12:34:56.123456'],
    ['timestamptz', '"2026-03-01T12:34:56-02:00"', '2026-03-01 14:34:56+00'],
    ['timestamp', '9000000000000000000', misfit('Value 9000000000000000000 is out of range for timestamp')],
    ['timestamp', '"now"', unreadable('now')],
    ['time', '1', '00:00:00.000001'],
    ['time', '"23:59"', '23:59:00'],
    ['time', '86400000000', misfit('Value 86400000000 is out of range for time')],
    ['time', '"12:00Z"', unreadable('12:00Z')],
    ['uuid', '"F79C3E09-677C-4BBD-A479-3F349CB785E7"', 'f79c3e09-677c-4bbd-a479-3f349cb785e7'],
    ['uuid', '"f79c"', unreadable('f79c')],
    ['binary', '"//8="', String.raw`\xFF\xFF`],
    ['binary', '"__8"', String.raw`\xFF\xFF`],
    ['binary', String.raw`"QUJD\r\nREVG"`, 'ABCDEF'],
    ['binary', '"4142ff"', String.raw`AB\xFF`],
    ['binary', '"/_8="', unreadable('/_8=')],
    ['binary', '"a"', unreadable('a')],
    [{ type: 'list', 'element-id': 3, element: 'int' }, '[1,null]', [1, null]],
    [{ type: 'list', 'element-id': 3, element: 'int' }, '1', misfit('java.io.IOException: Start of Array expected')],
    [
      { type: 'list', 'element-id': 3, element: 'int', 'element-required': true },
      '[1,null]',
      '0 Iceberg.MissingColumnWithinRecord: The record has no value for the required column a[]',
    ],
    [{ type: 'map', 'key-id': 3, key: 'int', 'value-id': 4, value: 'string' }, '{"1":"a","01":"b"}', { 1: 'b' }],
    [{ type: 'struct', fields: [optional(3, 'x', 'int')] }, '{"x":1,"X":2,"y":3}', { x: 1 }],
    [{ type: 'struct', fields: [optional(3, 'x', 'int')] }, '{"x":{}}', unreadable('{}', 'a.x')],
  ] as const) {
    const found = await value(type, json);
    const shown = typeof expected === 'bigint' ? Number(expected) : expected;
    assert.deepEqual(found, shown, `${JSON.stringify(type)} of ${json}`);
  }
});

test('names are compared exactly; what a table requires has to be there', async () => {
  const table = layout([required(1, 'id', 'long'), optional(2, 'place', 'string')]);
  const { files, failed } = await make(table, [
    { id: 1, place: 'here', more: true },
    { ID: 2 },
    { id: null, place: 'there' },
    { more: 1 },
    '[{"id":3}]',
    '{"id":4}\n',
    '{"id":5} {"id":6}',
    'no JSON',
  ]);
  assert.deepEqual(await duckDbRows(files.map(({ body }) => body)), [
    { id: 1, place: 'here' },
    { id: 4, place: null },
  ]);
  assert.deepEqual(
    failed.map((line) => line.slice(0, 42)),
    [
      '1 Iceberg.MissingColumnWithinRecord: The r',
      '2 Iceberg.MissingColumnWithinRecord: The r',
      '3 Iceberg.MissingColumnWithinRecord: The r',
      '4 DataFormatConversion.MalformedData: Data',
      '6 DataFormatConversion.ParseError: Encount',
      '7 DataFormatConversion.ParseError: Encount',
    ],
  );
  const none = await make(layout([optional(1, 'id', 'long')]), [{ more: 1 }, {}, { id: null }]);
  assert.deepEqual(none.failed.length, 2);
  assert.equal(none.files[0]!.rows, 1);
});

test('a file for each partition; what is too many waits', async () => {
  const fields = [required(1, 'id', 'long'), optional(2, 'place', 'string')];
  const records = Array.from({ length: 5000 }, (_, id) => ({ id, place: id % 5 === 4 ? null : `place ${id % 5}` }));
  for (const by of [formats, inThread]) {
    const { files, failed, later } = await make(layout(fields, [[2, 'identity']], 3), records, by);
    assert.deepEqual(failed, []);
    assert.deepEqual(
      later,
      records.map(({ id }) => id).filter((id) => id % 5 > 2),
    );
    assert.deepEqual(
      files.map(({ partition, rows }) => [partition, rows]),
      [0, 1, 2].map((place) => [[`place ${place}`], 1000]),
    );
    for (const [place, { body, metrics }] of files.entries()) {
      const rows = await duckDbRows([body]);
      assert.deepEqual(
        rows,
        records.filter(({ id }) => id % 5 === place),
      );
      assert.deepEqual(metrics.valueCounts, [
        [1, 1000],
        [2, 1000],
      ]);
      assert.equal(Buffer.from(metrics.upperBounds[0]![1]).readBigInt64LE(), BigInt(4995 + place));
    }
  }
});

test('tables that no file can be made of', async () => {
  const twice = layout([optional(1, 'id', 'long'), optional(2, 'ID', 'long')]);
  const unknown = layout([optional(1, 'id', 'long')], [[1, 'zorder']]);
  for (const [table, message] of [
    [twice, /differ in case only/],
    [unknown, /partitioning by zorder/],
  ] as const)
    for (const by of [formats, inThread])
      await assert.rejects(make(table, [{ id: 1 }], by), { name: 'ConversionSettingsError', message });
});

test('nothing is left of what was made', async () => {
  await make(layout([optional(1, 'id', 'long')]), [{ id: 1 }]);
  const unfinished = await formats.createDataFiles(layout([optional(1, 'id', 'long')]), () => undefined);
  await unfinished.add([Buffer.from('{"id":1}')]);
  await unfinished.close();
  const left = await readdir(join(folder, 'worker'), { recursive: true });
  assert.deepEqual(
    left.filter((name) => name.endsWith('.parquet')),
    [],
  );
});
