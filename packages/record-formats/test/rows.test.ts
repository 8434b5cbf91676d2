/** What the two SerDes make of JSON, by RowReader alone: values as the files take them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSchema } from '@millrace/orc';
import { RecordError } from '../src/errors.ts';
import { glueReader } from '../src/row-reader.ts';
import type { Row, RowReader } from '../src/row-reader.ts';
import type { Deserializer, OpenXJsonSerDe } from '../src/settings.ts';

const openX: Deserializer = { OpenXJsonSerDe: {} };
const hive: Deserializer = { HiveJsonSerDe: {} };

function reader(schema: string, deserializer: Deserializer): RowReader {
  const target = { hasUnscaledDecimals: true, hasInstant: (): boolean => true, cutsTexts: true };
  return glueReader(parseSchema(schema), deserializer, target);
}

function rows(schema: string, record: string | Buffer, deserializer = openX): Row[] {
  return reader(schema, deserializer).read(Buffer.from(record));
}

/** The one value of a column `a`. */
function value(type: string, json: string, deserializer = openX): unknown {
  const [row] = rows(`struct<a:${type}>`, `{"a":${json}}`, deserializer);
  return row![0];
}

function refusal(type: string, json: string, deserializer = openX): string {
  try {
    value(type, json, deserializer);
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error));
    assert.equal(error.code, 'DataFormatConversion.MalformedData');
    return error.message;
  }
  return assert.fail(`${type} took ${json}`);
}

test('documents of a record', () => {
  const schema = 'struct<a:int>';
  for (const text of ['{"a":1}{"a":2}', '{"a":1}\n{"a":2}\n', ' {"a":1}   {"a":2}', '{"a":1}\r\n\r\n{"a":2}'])
    assert.deepEqual(rows(schema, text), [[1], [2]], text);
  assert.deepEqual(rows('struct<a:string,b:struct<c:int>>', '{"a":"}{\\"","b":{"c":1}}{"a":"\\\\"}'), [
    ['}{"', [1]],
    ['\\', null],
  ]);
  const parseError = { code: 'DataFormatConversion.ParseError', message: /^Encountered malformed JSON\. ./ };
  for (const text of [
    '',
    ' \n',
    '{',
    '{"a":1',
    '{"a":1}}',
    '{"a":1}x',
    '{"a":1}{',
    '{"a":1},{"a":2}',
    '{a:1}',
    "{'a':1}",
  ])
    assert.throws(() => rows(schema, text), parseError, text);
  assert.throws(() => rows(schema, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), parseError);
  assert.deepEqual(rows('struct<a:string>', '{"a":"\uFFFD"}'), [['\uFFFD']]);
  for (const text of ['[{"a":1}]', '1', 'null', '"a"', 'true'])
    assert.throws(() => rows(schema, text), { code: 'DataFormatConversion.MalformedData' }, text);
  assert.throws(() => rows('struct<a:string>', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`), RecordError);
});

test('keys: missing, unknown, twice, null, in any case', () => {
  const schema = 'struct<a:int,b_c:struct<d:int>>';
  assert.deepEqual(rows(schema, '{}'), [[null, null]]);
  assert.deepEqual(rows(schema, '{"x":1,"a":null,"__proto__":{"a":5},"constructor":1}'), [[null, null]]);
  assert.deepEqual(rows(schema, '{"A":1,"B_c":{"D":2}}'), [[1, [2]]]);
  assert.deepEqual(rows(schema, '{"A":1,"B_c":{"D":2}}', hive), [[1, [2]]]);
  assert.deepEqual(rows(schema, '{"a":1,"A":2}'), [[2, null]]);
  const as = (serDe: OpenXJsonSerDe): Deserializer => ({ OpenXJsonSerDe: serDe });
  assert.deepEqual(rows(schema, '{"A":1,"b_c":{"D":2}}', as({ CaseInsensitive: false })), [[null, [null]]]);
  const dots = as({ ConvertDotsInJsonKeysToUnderscores: true });
  assert.deepEqual(rows(schema, '{"b.c":{"d":2}}', dots), [[null, [2]]]);
  assert.deepEqual(rows(schema, '{"b.c":{"d":2}}'), [[null, null]]);
  const mapped = as({ ColumnToJsonKeyMappings: { a: 'timeStamp', d: 'e' } });
  assert.deepEqual(rows(schema, '{"timestamp":1,"b_c":{"E":3}}', mapped), [[1, [3]]]);
  assert.deepEqual(rows(schema, '{"a":1}', mapped), [[null, null]]);
  // A key that is one column's own name and another's by its mapping is both columns'.
  const both = as({ ColumnToJsonKeyMappings: { at: 'timestamp', on: 'timestamp' } });
  assert.deepEqual(rows('struct<at:bigint,timestamp:string,x:int,on:double>', '{"Timestamp":"7","x":1}', both), [
    [7, '7', 1, 7],
  ]);
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, key) => [`k${key}`, key]));
  const one = reader('struct<k9999:int>', openX);
  for (let time = 0; time < 2; time += 1) assert.deepEqual(one.read(Buffer.from(JSON.stringify(many))), [[9999]]);
});

test('keys in any order, some missing, some of no column, object after object', () => {
  const one = reader('struct<a:int,b:int,c:int,d:int,e:int>', openX);
  const known = ['a', 'b', 'c', 'd', 'e'];
  const objects = fc.array(fc.shuffledSubarray([...known, 'B', 'x', 'y', 'z'], { minLength: 0 }), { minLength: 1 });
  fc.assert(
    fc.property(objects, (all) => {
      for (const keys of all) {
        const expected: (number | null)[] = known.map(() => null);
        for (const [at, key] of keys.entries())
          if (known.includes(key.toLowerCase())) expected[known.indexOf(key.toLowerCase())] = at;
        const json = JSON.stringify(Object.fromEntries(keys.map((key, at) => [key, at])));
        assert.deepEqual(one.read(Buffer.from(json)), [expected]);
      }
    }),
  );
});

test('integers', () => {
  for (const [type, bits] of [
    ['tinyint', 8n],
    ['smallint', 16n],
    ['int', 32n],
    ['bigint', 64n],
  ] as const) {
    const most = 2n ** (bits - 1n) - 1n;
    for (const number of [most, -most - 1n]) {
      assert.equal(BigInt(value(type, `${number}`) as number), number);
      assert.equal(BigInt(value(type, `"${number}"`) as number), number);
    }
    for (const number of [most + 1n, -most - 2n, 10n ** 30n])
      assert.equal(
        refusal(type, `${number}`),
        `Data does not match the schema. Value ${number} is out of range for ${type} (column a)`,
      );
    assert.equal(refusal(type, '"oops"'), 'Data does not match the schema. For input string: "oops" (column a)');
  }
  assert.equal(value('bigint', '9007199254740993'), 9007199254740993n);
  assert.equal(value('bigint', '12e17'), 1200000000000000000n);
  assert.equal(value('int', '1.0'), 1);
  assert.equal(value('int', '"+7"'), 7);
  for (const json of ['1.5', '""', '" 1"', '"1.0"', 'true', '[[1]]', '{}', '1e400']) refusal('int', json);
  assert.match(refusal('int', '"7"', hive), /Current token \(VALUE_STRING\) not numeric/);
});

test('floats', () => {
  assert.equal(value('double', '0.1'), 0.1);
  assert.equal(value('float', '0.1'), Math.fround(0.1));
  assert.equal(value('double', '" -1.5e3 "'), -1500);
  assert.equal(value('double', '"NaN"'), NaN);
  assert.equal(value('double', '"-Infinity"'), -Infinity);
  assert.equal(value('double', '1e400'), Infinity);
  assert.equal(value('double', '12345678901234567890'), Number('12345678901234567890'));
  for (const json of ['"oops"', '""', '"0x10"', 'true', '{}']) refusal('double', json);
  refusal('double', '"1.5"', hive);
});

test('decimals keep every digit', () => {
  assert.equal(value('decimal(38,10)', '1234567890123456789.0123456789'), 12345678901234567890123456789n);
  assert.equal(value('decimal(38,20)', '1.00000000000000000001'), 100000000000000000001n);
  assert.equal(value('decimal(10,2)', '"1.005"'), 101n);
  assert.equal(value('decimal(10,2)', '-2'), -200);
  assert.equal(value('decimal(38,0)', '9'.repeat(38)), 10n ** 38n - 1n);
  assert.equal(value('array<decimal(20,19)>', '[0.1234567890123456789]')?.toString(), '1234567890123456789');
  for (const json of ['100', '"99.995"', '1e5', '"oops"', '""', 'true'])
    assert.match(refusal('decimal(4,2)', json), /\(column a\)$/);
  refusal('decimal(4,2)', '"1"', hive);
});

test('texts, and numbers as they were written', () => {
  for (const [json, text] of [
    ['"a"', 'a'],
    ['1', '1'],
    ['1.0', '1.0'],
    ['1.10', '1.10'],
    ['-0', '-0'],
    ['1e3', '1e3'],
    ['12345678901234567890', '12345678901234567890'],
    ['true', 'true'],
  ] as const) {
    assert.equal(value('string', json), text);
    assert.equal(value('string', json, hive), text);
  }
  assert.equal(value('string', '{"x":[1.50,"a",null]}'), '{"x":[1.50,"a",null]}');
  assert.equal(
    refusal('string', '{}', hive),
    'One or more fields have incorrect format. Exception when validating field (a)',
  );
  assert.equal(value('varchar(3)', '"a\u{1F600}cd"'), 'a\u{1F600}c');
  assert.equal(value('char(3)', '"a    "'), 'a');
});

test('booleans, binaries, dates', () => {
  assert.deepEqual(
    ['true', 'false', '"TRUE"', '"False"'].map((json) => value('boolean', json)),
    [true, false, true, false],
  );
  for (const json of ['1', '"yes"', '{}', '[true]']) refusal('boolean', json);
  refusal('boolean', '"true"', hive);
  assert.deepEqual(value('binary', '"AAEC"'), Buffer.from([0, 1, 2]));
  for (const json of ['"AAE"', '"A*=="', '1']) refusal('binary', json);
  assert.equal(value('date', '"1970-01-02"'), 1);
  assert.equal(value('date', '"1970-1-2"', hive), 1);
  for (const json of ['"1970-02-30"', '"1970-01-02T00:00:00"', '1', '""']) refusal('date', json);
});

test('arrays, maps, structs', () => {
  assert.deepEqual(value('array<int>', '[1,null,"2"]'), [1, null, 2]);
  assert.deepEqual(value('array<int>', '5'), [5]);
  assert.deepEqual(value('array<struct<b:int>>', '{"b":5}'), [[5]]);
  assert.match(refusal('array<int>', '5', hive), /java\.io\.IOException: Start of Array expected/);
  assert.deepEqual(value('map<string,array<int>>', '{"x":[1],"Y":null}'), [
    ['x', [1]],
    ['y', null],
  ]);
  assert.deepEqual(value('map<string,int>', '{"X":1,"y":2}', { OpenXJsonSerDe: { CaseInsensitive: false } }), [
    ['X', 1],
    ['y', 2],
  ]);
  assert.deepEqual(value('map<string,int>', '{"X":1,"x":2}', hive), [
    ['X', 1],
    ['x', 2],
  ]);
  assert.deepEqual(value('map<string,int>', '{"X":1,"x":2}'), [['x', 2]]);
  assert.deepEqual(value('map<int,int>', '{"01":1,"1":2}', hive), [[1, 1]]);
  for (const json of ['1', '[]', '"a"']) refusal('map<string,int>', json);
  assert.deepEqual(value('struct<b:int,c:string>', '[1]'), [1, null]);
  assert.deepEqual(value('struct<b:int,c:string>', '{}'), [null, null]);
  assert.match(refusal('struct<b:int>', '[1]', hive), /java\.io\.IOException: Start of Object expected/);
  assert.match(refusal('struct<b:array<struct<c:int>>>', '{"b":[{"c":"x"}]}'), /\(column a\.b\[\]\.c\)$/);
  assert.match(refusal('struct<b:int>', '12345678901234567890'), /Start of Object expected/);
});

test('whole numbers of sixteen digits beside others, to the last digit', () => {
  for (const [json, unscaled, text] of [
    ['1772368496789012', 177_236_849_678_901_200n, '1772368496789012'],
    ['8999999999999999', 899_999_999_999_999_900n, '8999999999999999'],
    ['-1772368496789012', -177_236_849_678_901_200n, '-1772368496789012'],
    ['9007199254740993', 900_719_925_474_099_300n, '9007199254740993'],
    ['1772368496789012.51', 177_236_849_678_901_251n, '1772368496789012.51'],
    ['17723684967890121', 1_772_368_496_789_012_100n, '17723684967890121'],
    ['1772368496789012e1', 1_772_368_496_789_012_000n, '1772368496789012e1'],
    ['1.772368496789012001e15', 177_236_849_678_901_200n, '1.772368496789012001e15'],
  ] as const)
    for (const before of ['', '"x":1772368496789012,', '"x":0.5,']) {
      const [[decimal, string]] = rows('struct<a:decimal(38,2),b:string>', `{${before}"a":${json},"b":${json}}`) as [
        Row,
      ];
      assert.deepEqual([BigInt(decimal as number | bigint), string], [unscaled, text], `${before}${json}`);
    }
});
