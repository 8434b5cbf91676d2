/** Appends through Iceberg's own REST catalog, read back by pyiceberg and by DuckDB from S3. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { bindTransform, singleValue } from '@millrace/iceberg';
import type { PrimitiveType, TableName } from '@millrace/iceberg';
import { duckDbRows } from '../../packages/record-formats/test/duckdb-rows.ts';
import { jsonRecords, never, startIcebergParts } from './iceberg-parts.ts';
import type { IcebergParts } from './iceberg-parts.ts';

let parts: IcebergParts;
before(async () => {
  parts = await startIcebergParts();
});
after(async () => {
  await parts.stop();
});

const everything = {
  type: 'struct',
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'flag', required: false, type: 'boolean' },
    { id: 3, name: 'small', required: false, type: 'int' },
    { id: 4, name: 'ratio', required: false, type: 'float' },
    { id: 5, name: 'exact', required: false, type: 'double' },
    { id: 6, name: 'price', required: false, type: 'decimal(9,2)' },
    { id: 7, name: 'huge', required: false, type: 'decimal(38,10)' },
    { id: 8, name: 'day', required: false, type: 'date' },
    { id: 9, name: 'clock', required: false, type: 'time' },
    { id: 10, name: 'local', required: false, type: 'timestamp' },
    { id: 11, name: 'at', required: false, type: 'timestamptz' },
    { id: 12, name: 'text', required: false, type: 'string' },
    { id: 13, name: 'bytes', required: false, type: 'binary' },
    { id: 14, name: 'key', required: false, type: 'uuid' },
    {
      id: 15,
      name: 'order',
      required: false,
      type: {
        type: 'struct',
        fields: [
          { id: 16, name: 'shop', required: true, type: 'string' },
          {
            id: 17,
            name: 'items',
            required: false,
            type: {
              type: 'list',
              'element-id': 18,
              'element-required': true,
              element: { type: 'struct', fields: [{ id: 19, name: 'sku', required: false, type: 'string' }] },
            },
          },
        ],
      },
    },
    {
      id: 20,
      name: 'tags',
      required: false,
      type: { type: 'map', 'key-id': 21, key: 'string', 'value-id': 22, value: 'int', 'value-required': false },
    },
  ],
};

const full = {
  id: 1,
  flag: true,
  small: -7,
  ratio: 0.5,
  exact: -1e300,
  price: 19.9,
  huge: '1234567890123456789012345678.0123456789',
  day: '2026-03-01',
  clock: '12:34:56.789012',
  local: 1_772_368_496_789_012,
  at: '2026-03-01T13:34:56.789012+01:00',
  text: 'größer 🦀',
  bytes: '/+8B',
  key: 'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  order: { shop: 'here', items: [{ sku: 'A-7' }, { sku: null }] },
  tags: { a: 1, b: null },
  unknown: 'skipped',
};

/** As pyiceberg prints it. */
const fullAsRead = {
  id: 1,
  flag: true,
  small: -7,
  ratio: 0.5,
  exact: -1e300,
  price: '19.90',
  huge: '1234567890123456789012345678.0123456789',
  day: '2026-03-01',
  clock: '12:34:56.789012',
  local: '2026-03-01 12:34:56.789012',
  at: '2026-03-01 12:34:56.789012+00:00',
  text: 'größer 🦀',
  bytes: "b'\\xff\\xef\\x01'",
  key: 'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  order: { shop: 'here', items: [{ sku: 'A-7' }, { sku: null }] },
  tags: [
    ['a', 1],
    ['b', null],
  ],
};

async function parquetFiles(table: TableName): Promise<Buffer[]> {
  const keys = await parts.s3.keys('lake', `warehouse/${table.namespace.join('/')}/${table.name}/data/`);
  return await Promise.all(keys.map((key) => parts.s3.get('lake', key)));
}

const byId = (a: Record<string, unknown>, b: Record<string, unknown>): number => Number(a['id']) - Number(b['id']);

for (const version of ['1', '2'])
  test(`every type, format version ${version}`, { timeout: 300_000 }, async () => {
    const table = { namespace: ['shop'], name: `everything${version}` };
    await parts.catalog.createTable({ ...table, schema: everything, properties: { 'format-version': version } }, never);
    const appender = parts.appender();
    const misfits = [{ flag: true }, '{"id":', { id: 3, small: 'seven' }, '{"id":4}{"id":5}', { other: 1 }];
    const records = jsonRecords([full, { id: 2 }, ...misfits]);
    const { failed } = await appender.append({ table, deliveryId: 'one', records, signal: never });
    assert.deepEqual(
      failed.map(({ index, errorCode }) => `${index} ${errorCode}`),
      [
        '2 Iceberg.MissingColumnWithinRecord',
        '3 DataFormatConversion.ParseError',
        '4 DataFormatConversion.MalformedData',
        '5 DataFormatConversion.ParseError',
        '6 Iceberg.MissingColumnWithinRecord',
      ],
    );
    const empty = Object.fromEntries(Object.keys(fullAsRead).map((name) => [name, null]));
    const rows = await parts.iceberg.rows(`shop.${table.name}`);
    assert.deepEqual(rows.sort(byId), [fullAsRead, { ...empty, id: 2 }]);
    const read = (await duckDbRows(await parquetFiles(table))).sort(byId);
    const { tags, order, text, key, clock, at } = read[0]!;
    assert.deepEqual([tags, order, text, key], [full.tags, full.order, full.text, full.key]);
    assert.deepEqual([clock, at, read[1]!['id']], [fullAsRead.clock, '2026-03-01 12:34:56.789012+00', 2]);
  });

const readings = {
  type: 'struct',
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'at', required: false, type: 'timestamptz' },
    { id: 3, name: 'place', required: false, type: 'string' },
    { id: 4, name: 'price', required: false, type: 'decimal(9,2)' },
    { id: 5, name: 'key', required: false, type: 'uuid' },
    { id: 6, name: 'day', required: false, type: 'date' },
  ],
};

function reading(id: number): Record<string, unknown> {
  return {
    id,
    at: Date.UTC(2026, 1, 28 + (id % 2), id % 24) * 1000 + id,
    place: id % 17 === 0 ? null : `place ${id % 3}`,
    price: ((id * 7919) % 100_000) / 100 - 300,
    key: `00000000-0000-4000-8000-${id.toString(16).padStart(12, '0')}`,
    day: (id % 1000) - 500,
  };
}

/** Every file's partition, as the manifest has it and as pyiceberg's own transforms have it for every row of the file. */
const partitions = `
from pyiceberg.io.pyarrow import ArrowScan
table = catalog.load_table(argument)
found = []
for task in table.scan().plan_files():
    spec = table.specs()[task.file.spec_id]
    rows = table.io.new_input(task.file.file_path).open()
    import pyarrow.parquet
    data = pyarrow.parquet.ParquetFile(rows).read()
    made = set()
    for row in data.to_pylist():
        values = []
        for field in spec.fields:
            source = table.schema().find_field(field.source_id)
            value = row[source.name]
            if value is not None and str(source.field_type) in ("timestamptz", "timestamp"):
                from pyiceberg.utils.datetime import datetime_to_micros, timestamptz_to_micros
                value = timestamptz_to_micros(value.isoformat())
            elif value is not None and str(source.field_type) == "date":
                from pyiceberg.utils.datetime import date_to_days
                value = date_to_days(value)
            values.append(str(field.transform.transform(source.field_type)(value)))
        made.add(tuple(values))
    bounds = {k: len(v) for k, v in task.file.lower_bounds.items()}
    written = [str(task.file.partition[index]) for index in range(len(spec.fields))]
    found.append([written, [list(one) for one in made], task.file.record_count, data.num_rows, task.file.null_value_counts[3]])
print(json.dumps(found))
`;

/** Files that a filter leaves: by partitions, and by bounds. */
const pruned = `
from pyiceberg.expressions import EqualTo, GreaterThan
table = catalog.load_table(argument)
count = lambda **given: len(list(table.scan(**given).plan_files()))
day = count(row_filter="at >= '2026-03-01T00:00:00+00:00'")
print(json.dumps([count(), day, count(row_filter="price > 10000"), table.scan(row_filter="place = 'place 2'").to_arrow().num_rows]))
`;

const compareTexts = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function withoutPartition(line: string): string {
  return line.replace(/^file \S+ /, '');
}

/** What IcebergScan is to print of each file: rows, and of id, place and price the least, the most and the nulls. */
function describedFiles(): string[] {
  const groups = new Map<string, Record<string, unknown>[]>();
  const bucket = bindTransform('bucket[3]', { kind: 'long' });
  for (let id = 0; id < 1000; id += 1) {
    const row = reading(id);
    const key = JSON.stringify([id % 2, bucket.apply(id), row['place'], Math.floor((row['price'] as number) / 500)]);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(row);
  }
  const describe = (rows: Record<string, unknown>[], name: string): string => {
    const values = rows.map((row) => row[name]).filter((value) => value !== null) as (number | string)[];
    const [first = '', ...others] = values;
    let [least, most] = [first, first];
    for (const value of others) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const print = (value: number | string): string => (name === 'price' ? (value as number).toFixed(2) : `${value}`);
    return values.length === 0 ? '' : ` ${name}=${print(least)}..${print(most)}-${rows.length - values.length}`;
  };
  return [...groups.values()]
    .map((rows) => `${rows.length}${describe(rows, 'id')}${describe(rows, 'place')}${describe(rows, 'price')}`)
    .sort(compareTexts);
}

for (const version of ['1', '2'])
  test(`partitions, format version ${version}`, { timeout: 300_000 }, async () => {
    const table = { namespace: ['shop'], name: `readings${version}` };
    const field = (source: number, name: string, transform: string): unknown => ({
      'source-id': source,
      'field-id': 999 + source + name.length * 100,
      name,
      transform,
    });
    const fields = [
      field(2, 'at_day', 'day'),
      field(1, 'id_bucket', 'bucket[3]'),
      field(3, 'place', 'identity'),
      field(4, 'price_truncate', 'truncate[50000]'),
      field(2, 'nothing', 'void'),
    ];
    const properties = { 'format-version': version };
    const schema = readings;
    await parts.catalog.createTable({ ...table, schema, partitionFields: fields, properties }, never);
    // Fewer files at once than there are partitions: several rounds make them.
    const appender = parts.appender({ mostPartitions: 30 });
    const records = jsonRecords(Array.from({ length: 1000 }, (_, id) => reading(id)));
    const { failed } = await appender.append({ table, deliveryId: 'one', records, signal: never });
    assert.deepEqual(failed, []);
    const found = (await parts.iceberg.python(partitions, `shop.${table.name}`)) as [
      string[],
      string[][],
      number,
      number,
      number,
    ][];
    let nulls = 0;
    for (const [written, made, count, rows, nullCount] of found) {
      assert.deepEqual(made, [written]);
      assert.equal(count, rows);
      nulls += nullCount;
    }
    assert.equal(nulls, 59);
    assert.ok(found.length > 30, `${found.length} files`);
    const rows = await parts.iceberg.rows(`shop.${table.name}`);
    assert.deepEqual(
      rows.map(({ id }) => Number(id)).sort((a, b) => a - b),
      Array.from({ length: 1000 }, (_, id) => id),
    );
    const [all, ofDay, none, ofPlace] = (await parts.iceberg.python(pruned, `shop.${table.name}`)) as number[];
    assert.ok(ofDay! > 0 && ofDay! < all!, `${ofDay} of ${all} files`);
    assert.equal(none, 0);
    assert.equal(ofPlace, rows.filter(({ place }) => place === 'place 2').length);
    const read = await duckDbRows(await parquetFiles(table));
    assert.equal(read.length, 1000);
    const scanned = await parts.scan(`shop.${table.name}`, 'at', '2026-03-01T00:00:00+00:00');
    const linesOf = (word: string): string[] => scanned.filter((line) => line.startsWith(word));
    assert.deepEqual(linesOf('manifest'), [`manifest ${all} 1000`]);
    assert.equal(linesOf('filtered').length, ofDay);
    assert.deepEqual(linesOf('file').map(withoutPartition).sort(compareTexts), describedFiles());
  });

/** pyiceberg's transforms over the bytes of values, as bounds have them. */
const transforms = `
from pyiceberg.conversions import from_bytes
from pyiceberg.transforms import parse_transform
from pyiceberg.types import *
import base64, decimal
types = {"int": IntegerType(), "long": LongType(), "date": DateType(), "time": TimeType(), "timestamp": TimestampType(),
         "timestamptz": TimestamptzType(), "string": StringType(), "binary": BinaryType(), "uuid": UUIDType(),
         "decimal": DecimalType(20, 3)}
def show(value):
    if isinstance(value, decimal.Decimal):
        return str(int(value.scaleb(3)))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
print(json.dumps([
    show(parse_transform(transform).transform(types[kind])(from_bytes(types[kind], base64.b64decode(value))))
    for transform, kind, value in argument]))
`;

const integers = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const longs = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
const micros = fc.integer({ min: Date.UTC(1500, 0) * 1000, max: Date.UTC(2500, 0) * 1000 });
const numbered = ['bucket[16]', 'bucket[1000000]', 'truncate[1]', 'truncate[7]', 'truncate[10000]'];
const buckets = numbered.slice(0, 2);
const calendar = ['year', 'month', 'day'];
/** Each type with values of it and the transforms it has. */
const cases: readonly (readonly [PrimitiveType, fc.Arbitrary<unknown>, readonly string[]])[] = [
  [{ kind: 'int' }, integers, numbered],
  [{ kind: 'long' }, longs, numbered],
  [{ kind: 'decimal', precision: 20, scale: 3 }, longs, numbered],
  [{ kind: 'date' }, fc.integer({ min: -200_000, max: 200_000 }), [...buckets, ...calendar]],
  [{ kind: 'time' }, fc.integer({ min: 0, max: 86_399_999_999 }), buckets],
  [{ kind: 'timestamp' }, micros, [...buckets, ...calendar, 'hour']],
  [{ kind: 'timestamptz' }, micros, [...buckets, ...calendar, 'hour']],
  [{ kind: 'string' }, fc.string({ unit: 'grapheme', maxLength: 40 }), numbered],
  [{ kind: 'binary' }, fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)), numbered],
  [{ kind: 'uuid' }, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), buckets],
];

test("transforms are pyiceberg's", { timeout: 120_000 }, async () => {
  const asked: [string, string, string][] = [];
  const made: string[] = [];
  for (const [type, values, names] of cases)
    for (const name of names)
      for (const value of fc.sample(values, 60)) {
        asked.push([name, type.kind, singleValue(type, value).toString('base64')]);
        const result = bindTransform(name, type).apply(value);
        made.push(Buffer.isBuffer(result) ? result.toString('base64') : String(result));
      }
  assert.deepEqual(made, await parts.iceberg.python(transforms, asked));
});
