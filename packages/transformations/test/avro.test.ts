import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import avro from 'avsc';
import fc from 'fast-check';
import { avroToJson } from '../src/avro-to-json.ts';
import { jsonToAvro } from '../src/json-to-avro.ts';
import { jsonOf, run } from './support.ts';

const order = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 2 } },
    { name: 'fee', type: { type: 'fixed', name: 'Fee', size: 4, logicalType: 'decimal', precision: 9, scale: 3 } },
    { name: 'placed', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'status', type: { type: 'enum', name: 'Status', symbols: ['OPEN', 'PAID'] }, default: 'OPEN' },
    { name: 'tags', type: { type: 'map', values: ['null', 'string', 'double'] } },
    { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 2 } },
    { name: 'image', type: ['null', 'bytes'], default: null },
    {
      name: 'lines',
      type: { type: 'array', items: { type: 'record', name: 'Line', fields: [{ name: 'sku', type: 'string' }] } },
    },
    { name: 'parent', type: ['null', 'Order'] },
    { name: 'ratio', type: 'double' },
    { name: 'gift', type: 'boolean' },
  ],
};
const settings = { AVRO_SCHEMA: JSON.stringify(order) };
const written = {
  id: 1,
  price: 0,
  fee: 0,
  placed: 0,
  day: 0,
  status: 'PAID',
  tags: {},
  hash: 'AAA=',
  image: null,
  lines: [],
  parent: null,
  ratio: 1.5,
  gift: false,
};

test('every type, by the bytes that the specification says', async () => {
  const json =
    '{"id":-9223372036854775808,"price":-1.01,"fee":-0.001,"placed":"1969-12-31T23:59:59.999999Z","day":"1969-12-31",' +
    '"status":"PAID","tags":{"é":"x","n":0.5,"z":null},"hash":"/wA=","image":"AQID","lines":[{"sku":"A"},{"sku":""}],' +
    '"parent":null,"ratio":"NaN","gift":true}';
  const [bytes] = await run(jsonToAvro, settings, [json]);
  const ieee = Buffer.alloc(16);
  ieee.writeDoubleLE(0.5);
  ieee.writeDoubleLE(Number.NaN, 8);
  const expected = [
    'ffffffffffffffffff01', // id: zigzag
    '029b', // price: one byte, -101
    'ffffffff',
    '01',
    '01',
    '02',
    `06 04c3a9 02 0278 026e 04 ${ieee.toString('hex', 0, 8)} 027a 00 00`,
    'ff00',
    '02 06 010203',
    '04 0241 00 00',
    '00',
    ieee.toString('hex', 8),
    '01',
  ];
  assert.equal(bytes!.data.toString('hex'), expected.join('').replaceAll(' ', ''));
  const [back] = await run(avroToJson, settings, [bytes!.data]);
  assert.equal(back!.data.toString(), json);
});

test('what is left out has its default or is null; what the schema has not is left out; several branches', async () => {
  const { status: _status, parent: _parent, image: _image, ...some } = written;
  const [bytes, twice, missing, wrong] = await run(jsonToAvro, settings, [
    JSON.stringify({ ...some, unknown: 1, placed: '2026-03-01 12:00:00.5', price: '10.5' }),
    `${JSON.stringify(written)}\n${JSON.stringify(written)}`,
    '{"id": 1}',
    JSON.stringify({ ...written, lines: [{ sku: 'a' }, { sku: 5 }] }),
  ]);
  const [back] = await run(avroToJson, settings, [bytes!.data]);
  assert.partialDeepStrictEqual(jsonOf(back!)[0], {
    status: 'OPEN',
    parent: null,
    image: null,
    placed: '2026-03-01T12:00:00.500000Z',
    price: 10.5,
  });
  assert.deepEqual(
    [twice!.result, missing!.result, wrong!.result],
    Array.from({ length: 3 }, () => 'ProcessingFailed'),
  );
});

test('values that do not fit are the record to fail', async () => {
  const bad: Record<string, unknown>[] = [
    { id: 1.5 },
    { id: '1' },
    { id: 2 ** 63 },
    { price: 0.001 },
    { fee: 3_000_000 },
    { placed: '2026-02-30T00:00:00Z' },
    { day: '2026-13-01' },
    { status: 'LOST' },
    { hash: 'AAAA' },
    { image: 'no base64' },
    { tags: { a: true } },
    { tags: [] },
    { gift: 1 },
    { ratio: '1' },
    { lines: {} },
  ];
  for (const one of bad) {
    const [outcome] = await run(jsonToAvro, settings, [JSON.stringify({ ...written, ...one })]);
    assert.equal(outcome!.result, 'ProcessingFailed', JSON.stringify(one));
  }
  const [good] = await run(jsonToAvro, settings, [JSON.stringify(written)]);
  assert.equal(good!.result, 'Ok');
});

const reading = { type: 'record', name: 'R', fields: [{ name: 'n', type: 'int' }] };
const later = { ...reading, fields: [...reading.fields, { name: 'm', type: 'string', default: 'new' }] };

test("Confluent's header: skipped, or the writer's schema by it", async () => {
  const framed = { AVRO_ENCODING: 'confluent', AVRO_SCHEMA: JSON.stringify(reading) };
  const [bytes] = await run(jsonToAvro, { ...framed, AVRO_SCHEMA_ID: '258' }, ['{"n": -3}']);
  assert.equal(bytes!.data.toString('hex'), '000000010205');
  const [plain, short, other] = await run(avroToJson, framed, [bytes!.data, 'x', Uint8Array.of(1, 0, 0, 0, 1, 5)]);
  assert.deepEqual(jsonOf(plain!), [{ n: -3 }]);
  assert.deepEqual([short!.result, other!.result], ['ProcessingFailed', 'ProcessingFailed']);

  const known = { AVRO_ENCODING: 'confluent', AVRO_SCHEMAS: JSON.stringify({ 258: reading, 259: later }) };
  const newer = Buffer.from('0000000103050278', 'hex');
  const [asWritten, asWritten2, unknown] = await run(avroToJson, known, [bytes!.data, newer, Buffer.alloc(6)]);
  assert.deepEqual([...jsonOf(asWritten!), ...jsonOf(asWritten2!)], [{ n: -3 }, { n: -3, m: 'x' }]);
  assert.equal(unknown!.result, 'ProcessingFailed');
  const [older] = await run(avroToJson, { ...known, AVRO_SCHEMA: JSON.stringify(later) }, [bytes!.data]);
  assert.deepEqual(jsonOf(older!), [{ n: -3, m: 'new' }]);
});

test("the Glue schema registry's header, compressed too; a body that inflates beyond bounds", async () => {
  const id = '01234567-89ab-cdef-0123-456789ABCDEF';
  const environment = { AVRO_ENCODING: 'glue', AVRO_SCHEMA: JSON.stringify(reading) };
  const [bytes] = await run(jsonToAvro, { ...environment, AVRO_SCHEMA_ID: id }, ['{"n": 1}']);
  assert.equal(bytes!.data.toString('hex'), '03000123456789abcdef0123456789abcdef02');
  const header = Buffer.from(`0305${id.replaceAll('-', '')}`, 'hex');
  const deflated = (body: Buffer): Buffer => Buffer.concat([header, deflateSync(body)]);
  const records = [bytes!.data, deflated(Buffer.of(4)), deflated(Buffer.alloc(7 << 20)), header];
  const schemas = { AVRO_SCHEMAS: JSON.stringify({ [id]: reading }) };
  const [plain, compressed, bomb, empty] = await run(avroToJson, { ...environment, ...schemas }, records);
  assert.deepEqual([...jsonOf(plain!), ...jsonOf(compressed!)], [{ n: 1 }, { n: 2 }]);
  assert.deepEqual([bomb!.result, empty!.result], ['ProcessingFailed', 'ProcessingFailed']);
});

test("Avro files: a record's values a line each, their schema their own", async () => {
  const environment = { AVRO_ENCODING: 'file' };
  const [file] = await run(jsonToAvro, { ...environment, ...settings }, [
    `${JSON.stringify(written)}\n${JSON.stringify({ ...written, id: 2 })}`,
  ]);
  const whole = file!.data;
  const cuts = Array.from({ length: whole.length - 1 }, (_, index) => whole.subarray(0, index + 1));
  const [values, none, ...cut] = await run(avroToJson, environment, [whole, 'no file', ...cuts]);
  assert.deepEqual(
    jsonOf(values!).map((one) => (one as { id: number }).id),
    [1, 2],
  );
  assert.equal(none!.result, 'ProcessingFailed');
  // Cut right behind the header it is a file without values.
  const results = cut.map(({ result }) => result);
  assert.deepEqual([results.filter((one) => one === 'Dropped').length, results.includes('Ok')], [1, false]);
});

test('an Avro file whose few bytes stand for billions fails its record', { timeout: 30_000 }, async () => {
  const file = (schema: object, block: Buffer): Buffer => {
    const text = JSON.stringify(schema);
    const meta = avro.Type.forSchema({ type: 'map', values: 'bytes' }).toBuffer({ 'avro.schema': Buffer.from(text) });
    return Buffer.concat([Buffer.from('Obj\u0001'), meta, Buffer.alloc(16, 7), block, Buffer.alloc(16, 7)]);
  };
  const long = (value: number): Buffer => avro.Type.forSchema('long').toBuffer(value);
  const ofNothing = file(
    { type: 'record', name: 'R', fields: [] },
    Buffer.concat([long(2 ** 40), long(1), Buffer.alloc(1)]),
  );
  const price = { type: 'bytes', logicalType: 'decimal', precision: 400_000_000, scale: 400_000_000 };
  const ofDigits = file(
    { type: 'record', name: 'R', fields: [{ name: 'n', type: price }] },
    Buffer.concat([long(1), long(2), Buffer.of(2, 1)]),
  );
  const answers = await run(avroToJson, { AVRO_ENCODING: 'file' }, [ofNothing, ofDigits]);
  assert.deepEqual(
    answers.map(({ result }) => result),
    ['ProcessingFailed', 'ProcessingFailed'],
  );
});

test('longs keep all of their 64 bits', async () => {
  const schema = { type: 'record', name: 'L', fields: [{ name: 'n', type: 'long' }] };
  const environment = { AVRO_SCHEMA: JSON.stringify(schema) };
  await fc.assert(
    fc.asyncProperty(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), async (n) => {
      const [bytes] = await run(jsonToAvro, environment, [`{"n":${n}}`]);
      const [json] = await run(avroToJson, environment, [bytes!.data]);
      assert.equal(json!.data.toString(), `{"n":${n}}`);
    }),
  );
});

test('a schema of a file; settings that are none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-avro-'));
  const file = join(folder, 'order.avsc');
  await writeFile(file, JSON.stringify(reading));
  const [read] = await run(avroToJson, { AVRO_SCHEMA_FILE: file }, [Buffer.of(8)]);
  assert.deepEqual(jsonOf(read!), [{ n: 4 }]);
  await rm(folder, { recursive: true });
  const wrong: [Record<string, string>, RegExp][] = [
    [{}, /neither AVRO_SCHEMA nor AVRO_SCHEMA_FILE/],
    [{ AVRO_SCHEMA_FILE: file }, /AVRO_SCHEMA_FILE: ENOENT/],
    [{ AVRO_SCHEMA: '{' }, /AVRO_SCHEMA is no Avro schema/],
    [{ AVRO_SCHEMA: '{"type": "record"}' }, /AVRO_SCHEMA is no Avro schema/],
    [{ ...settings, AVRO_SCHEMA_FILE: file }, /both set/],
    [{ ...settings, AVRO_ENCODING: 'json' }, /AVRO_ENCODING is one of raw, confluent, glue, file/],
  ];
  for (const [environment, words] of wrong) await assert.rejects(run(avroToJson, environment, ['1']), words);
  const ids: [Record<string, string>, RegExp][] = [
    [{ AVRO_ENCODING: 'confluent' }, /the number of a schema/],
    [{ AVRO_ENCODING: 'confluent', AVRO_SCHEMA_ID: '4294967296' }, /the number of a schema/],
    [{ AVRO_ENCODING: 'glue', AVRO_SCHEMA_ID: '1' }, /the UUID of a schema version/],
    [{ AVRO_SCHEMA_ID: '1' }, /has no place/],
  ];
  for (const [one, words] of ids) await assert.rejects(run(jsonToAvro, { ...settings, ...one }, ['{}']), words);
});

test('bytes that are no Avro fail, and neither hang nor fill the memory', { timeout: 60_000 }, async () => {
  const nested = {
    type: 'record',
    name: 'N',
    fields: [
      { name: 'a', type: { type: 'array', items: 'null' } },
      { name: 'm', type: { type: 'map', values: 'int' } },
      { name: 'n', type: ['null', 'N'] },
    ],
  };
  const environment = { AVRO_SCHEMA: JSON.stringify(nested) };
  const many = ['fefffffffffffffffe01', '0080ffffffffffffff7f', '00'.repeat(1), '000002'.repeat(200_000)];
  const outcomes = await run(
    avroToJson,
    environment,
    many.map((hex) => Buffer.from(hex, 'hex')),
  );
  assert.deepEqual(new Set(outcomes.map(({ result }) => result)), new Set(['ProcessingFailed']));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
      const [outcome] = await run(avroToJson, environment, [bytes]);
      assert.match(outcome!.result, /^(?:Ok|ProcessingFailed)$/);
    }),
    { numRuns: 300 },
  );
});

test('records of any schema come back as they were, and avsc reads them as we write them', async () => {
  const leaf = fc.oneof<fc.Arbitrary<readonly [string, fc.Arbitrary<unknown>]>[]>(
    fc.constant(['int', fc.integer()] as const),
    // Beyond, avsc by itself misreads what is negative.
    fc.constant(['long', fc.integer({ min: -(2 ** 51), max: 2 ** 51 })] as const),
    fc.constant([
      'double',
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
    ] as const),
    fc.constant(['string', fc.string({ unit: 'grapheme' })] as const),
    fc.constant(['boolean', fc.boolean()] as const),
    fc.constant(['null', fc.constant(null)] as const),
  );
  const type = leaf.chain((one) =>
    fc.constantFrom<readonly [object | string, fc.Arbitrary<unknown>]>(
      one,
      [{ type: 'map', values: one[0] }, fc.dictionary(fc.string(), one[1])],
      // Nulls take no bytes, and a block of more items than bytes is refused.
      ...(one[0] === 'null'
        ? []
        : [
            [['null', one[0]], fc.option(one[1])] as const,
            [{ type: 'array', items: one[0] }, fc.array(one[1])] as const,
          ]),
    ),
  );
  const cases = fc
    .array(type, { minLength: 1, maxLength: 5 })
    .chain((types) =>
      fc.tuple(
        fc.constant({ type: 'record', name: 'R', fields: types.map(([t], index) => ({ name: `f${index}`, type: t })) }),
        fc.record(Object.fromEntries(types.map(([, values], index) => [`f${index}`, values]))),
      ),
    );
  await fc.assert(
    fc.asyncProperty(cases, async ([schema, value]) => {
      const environment = { AVRO_SCHEMA: JSON.stringify(schema) };
      const plain = JSON.parse(JSON.stringify(value)) as object;
      const [bytes] = await run(jsonToAvro, environment, [JSON.stringify(value)]);
      const read: unknown = avro.Type.forSchema(schema as avro.schema.AvroSchema, { wrapUnions: 'never' }).fromBuffer(
        bytes!.data,
      );
      // avsc by itself loses that key of a map.
      if (!JSON.stringify(value).includes('"__proto__"')) assert.deepEqual(JSON.parse(JSON.stringify(read)), plain);
      const [json] = await run(avroToJson, environment, [bytes!.data]);
      assert.deepEqual(jsonOf(json!), [plain]);
    }),
    { numRuns: 200 },
  );
});
