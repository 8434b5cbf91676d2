import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OrcOptionError, OrcSchemaError, createOrcWriter, parseType } from '@millrace/orc';
import type { OrcOptions } from '@millrace/orc';

test('every type of the language', () => {
  assert.deepEqual(parseType(' Struct< a : INT , `b c`:array<map<string,decimal(10,2)>>, c:varchar(7)>'), {
    kind: 'struct',
    fields: [
      { name: 'a', type: { kind: 'int' } },
      {
        name: 'b c',
        type: {
          kind: 'array',
          element: { kind: 'map', key: { kind: 'string' }, value: { kind: 'decimal', precision: 10, scale: 2 } },
        },
      },
      { name: 'c', type: { kind: 'varchar', length: 7 } },
    ],
  });
  assert.deepEqual(parseType('decimal'), { kind: 'decimal', precision: 10, scale: 0 });
  assert.deepEqual(parseType('numeric(5)'), { kind: 'decimal', precision: 5, scale: 0 });
  for (const kind of 'boolean tinyint smallint int bigint float double string binary date timestamp'.split(' '))
    assert.deepEqual(parseType(kind), { kind });
});

test('what is no type is told where', () => {
  const wrong: [string, RegExp][] = [
    ['', /^a type is missing at character 1 of ""$/],
    ['uniontype<int>', /^uniontype is not a type this writer has at character 1 /],
    ['array<int', /^">" is missing at character 10 /],
    ['array<int>>', /^more text after the type at character 11 /],
    ['struct<a int>', /^":" is missing at character 10 /],
    ['struct<>', /^a field's name is missing at character 8 /],
    ['struct<a:int,a:int>', /^the name a stands for two fields/],
    ['map<array<int>,int>', /^a map's key is a simple type, not array at character 5 /],
    ['decimal(39)', /^decimal's precision is a number from 1 to 38 at character 9 /],
    ['decimal(5,6)', /^decimal's scale is a number from 0 to 5 /],
    ['char(256)', /^char's length is a number from 1 to 255 /],
    ['varchar(0)', /^varchar's length is a number from 1 to 65535 /],
    ['constructor', /^constructor is not a type/],
    [`${'array<'.repeat(70)}int${'>'.repeat(70)}`, /^types nest deeper than 64 /],
  ];
  for (const [text, message] of wrong) assert.throws(() => parseType(text), { name: 'OrcSchemaError', message });
});

test('any text is a type or refused in words, soon', () => {
  const parts = [
    'struct',
    'array',
    'map',
    'decimal',
    'char',
    'int',
    'a',
    ':',
    ',',
    '<',
    '>',
    '(',
    ')',
    '7',
    ' ',
    '`',
    '``',
    '_',
    '\u{1F600}',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 40 }), (words) => {
      try {
        parseType(words.join(''));
      } catch (error) {
        assert.ok(error instanceof OrcSchemaError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("options are checked against the API's ranges", () => {
  const make = (options: OrcOptions): unknown => createOrcWriter('struct<a:int,b:struct<c:string>>', options, () => {});
  const wrong: OrcOptions[] = [
    { StripeSizeBytes: 8_388_607 },
    { BlockSizeBytes: 67_108_863 },
    { RowIndexStride: 999 },
    { RowIndexStride: 1000.5 },
    { PaddingTolerance: 1.01 },
    { BloomFilterFalsePositiveProbability: -0.1 },
    { DictionaryKeyThreshold: NaN },
    { Compression: 'LZO' as never },
    { FormatVersion: 'V0_13' as never },
    { EnablePadding: 1 as never },
    { BloomFilterColumns: ['missing'] },
    { BloomFilterColumns: ['b.d'] },
    { BloomFilterColumns: [''] },
    { Other: 1 } as never,
  ];
  for (const options of wrong) assert.throws(() => make(options), OrcOptionError, JSON.stringify(options));
  make({ BloomFilterColumns: ['a', 'b', 'b.c'], StripeSizeBytes: undefined });
  assert.throws(() => createOrcWriter('int', {}, () => {}), OrcSchemaError);
  assert.throws(() => createOrcWriter([{ name: 'a', type: 'integral' }], {}, () => {}), {
    message: /^column a: integral is not a type/,
  });
});
