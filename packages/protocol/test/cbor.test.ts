import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScalarShape, Shape, StructureShape } from '@millrace/model';
import fc from 'fast-check';
import { CborError, compileCborWriter, readCbor } from '@millrace/protocol';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** The twin: any tree to CBOR, the obvious way. `width` widens every head to that many argument bytes, -1 asks for breaks. */
function twin(value: unknown, width = 0): Buffer {
  if (value === null) return hex('f6');
  if (typeof value === 'boolean') return hex(value ? 'f5' : 'f4');
  if (typeof value === 'bigint') return value < 0n ? twinHead(1, -1n - value, width) : twinHead(0, value, width);
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return twin(BigInt(value), width);
    const double = Buffer.alloc(9, 0xfb);
    double.writeDoubleBE(value, 1);
    return double;
  }
  if (value instanceof Date) return Buffer.concat([hex('c1'), twin(value.getTime(), width)]);
  const [major, count, parts] = twinParts(value, width);
  const content = Buffer.concat(parts);
  if (width !== -1) return Buffer.concat([twinHead(major, BigInt(count), width), content]);
  // In pieces: an empty one, then the whole, then the break.
  const pieces = major < 4 ? [twinHead(major, 0n, 0), twinHead(major, BigInt(count), 0)] : [];
  return Buffer.concat([Buffer.of((major << 5) | 31), ...pieces, content, hex('ff')]);
}

function twinParts(value: unknown, width: number): [major: number, count: number, parts: Buffer[]] {
  if (typeof value === 'string') return [3, Buffer.byteLength(value), [Buffer.from(value)]];
  if (Buffer.isBuffer(value)) return [2, value.length, [value]];
  if (Array.isArray(value)) return [4, value.length, value.map((item) => twin(item, width))];
  const entries = Object.entries(value as Record<string, unknown>);
  return [5, entries.length, entries.flatMap(([key, item]) => [twin(key, width), twin(item, width)])];
}

function twinHead(major: number, argument: bigint, width: number): Buffer {
  const needed = [24n, 1n << 8n, 1n << 16n, 1n << 32n, 1n << 64n].findIndex((bound) => argument < bound);
  const step = Math.max(needed, [0, 1, 2, 4, 8].indexOf(Math.max(width, 0)));
  if (step === 0) return Buffer.of((major << 5) | Number(argument));
  const digits = argument.toString(16).padStart(2 ** step, '0');
  return Buffer.concat([Buffer.of((major << 5) | (23 + step)), Buffer.from(digits, 'hex')]);
}

const moment = fc.integer({ min: -1e13, max: 1e13 }).map((ms) => new Date(ms));
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('list'), tie('map')),
  leaf: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.maxSafeInteger(),
    fc.double(),
    fc.bigInt({ min: -(1n << 64n), max: (1n << 64n) - 1n }).filter((n) => !Number.isSafeInteger(Number(n))),
    fc.boolean(),
    fc.constant(null),
    bytes,
    moment,
  ),
  list: fc.array(tie('tree'), { maxLength: 30 }),
  map: fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('tree'), { noNullPrototype: true }),
}));

describe('reading', () => {
  // The examples of RFC 8949, appendix A, and the encodings that AWS's Java SDK sends.
  const golden: [bytes: string, value: unknown][] = [
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['1b0020000000000000', 2n ** 53n],
    ['1bffffffffffffffff', 2n ** 64n - 1n],
    ['20', -1],
    ['3903e7', -1000],
    ['3b001ffffffffffffe', Number.MIN_SAFE_INTEGER],
    ['3bffffffffffffffff', -(2n ** 64n)],
    ['f90000', 0],
    ['f98000', -0],
    ['f93c00', 1],
    ['f97bff', 65504],
    ['f90001', 5.960464477539063e-8],
    ['f90400', 0.00006103515625],
    ['f9c400', -4],
    ['f97c00', Infinity],
    ['f97e00', Number.NaN],
    ['f9fc00', -Infinity],
    ['fa47c35000', 100_000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', null],
    ['4401020304', Buffer.of(1, 2, 3, 4)],
    ['40', Buffer.alloc(0)],
    ['6161', 'a'],
    ['64f0908591', '\u{10151}'],
    ['63efbfbd', '\ufffd'],
    ['83010203', [1, 2, 3]],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['5f42010243030405ff', Buffer.of(1, 2, 3, 4, 5)],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['5fff', Buffer.alloc(0)],
    ['7fff', ''],
    ['9fff', []],
    ['bfff', {}],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
    ['a2616101616102', { a: 2 }],
    ['c11b0000018bcfe56800', new Date(1_700_000_000_000)],
    ['c120', new Date(-1)],
    ['c11bffffffffffffffff', new Date(8.64e15)],
    ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
    ['d818456449455446', Buffer.from('dIETF')],
    ['d9d9f700', 0],
  ];
  for (const [text, value] of golden) test(`${text} as it stands`, () => assert.deepEqual(readCbor(hex(text)), value));

  test('seconds where the caller says so', () => {
    const seconds = { timestamps: 'seconds' } as const;
    assert.deepEqual(readCbor(hex('c11a514b67b0'), seconds), new Date(1_363_896_240_000));
    assert.deepEqual(readCbor(hex('c1fb41d452d9ec200000'), seconds), new Date(1_363_896_240_500));
  });

  test('every tree, with heads of every width and in pieces', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(-1, 0, 1, 2, 4, 8), (value, width) => {
        assert.deepEqual(readCbor(twin(value, width)), value);
      }),
    );
  });

  test('byte strings outlive the body', () => {
    for (const text of ['42abcd', '5f42abcdff']) {
      const body = hex(text);
      const read = readCbor(body);
      body.fill(0);
      assert.deepEqual(read, hex('abcd'));
    }
  });

  test('a key named __proto__ is a key', () => {
    for (const text of ['a1695f5f70726f746f5f5fa1616101', 'bf695f5f70726f746f5f5fa1616101ff']) {
      const read = readCbor(hex(text)) as { a?: number };
      assert.deepEqual(Object.keys(read), ['__proto__']);
      assert.equal(read.a, undefined);
    }
  });
});

describe('refusing', () => {
  const malformed: [why: string, bytes: string][] = [
    ['nothing', ''],
    ['bytes behind the item', '0000'],
    ['a head cut short', '19 03'],
    ['a long cut short', '1b 00000000'],
    ['a double cut short', 'fb 3ff1'],
    ['a reserved length', '1c'],
    ['a reserved length of a text', '7e'],
    ['bytes cut short', '44 010203'],
    ['bytes longer than memory', '5b ffffffffffffffff 00'],
    ['a text cut short', '62 61'],
    ['a text not in UTF-8', '62 c328'],
    ['a surrogate in a text', '63 eda080'],
    ['a character across two pieces', '7f 61c3 61a9 ff'],
    ['a list cut short', '82 01'],
    ['a list longer than the bytes', '9b 0000000100000000 01'],
    ['a map without its value', 'a1 6161'],
    ['a map longer than memory', 'bb ffffffffffffffff'],
    ['a number as a key', 'a1 01 01'],
    ['bytes as a key', 'a1 4161 01'],
    ['null as a key', 'a1 f6 01'],
    ['an open list', '9f 01'],
    ['an open map', 'bf 6161 01'],
    ['an open map that breaks before a value', 'bf 6161 ff'],
    ['a number as an open map’s key', 'bf 01 01 ff'],
    ['an open text', '7f 6161'],
    ['a break alone', 'ff'],
    ['a break in a list', '82 01 ff'],
    ['a break under a tag', 'c1 ff'],
    ['an integer of indefinite length', '1f'],
    ['a tag of indefinite length', 'df 00 ff'],
    ['text among pieces of bytes', '5f 4101 6161 ff'],
    ['bytes among pieces of text', '7f 6161 4101 ff'],
    ['pieces in pieces', '5f 5f 4101 ff ff'],
    ['a tagged piece', '5f c0 4101 ff'],
    ['a tag without content', 'c1'],
    ['a text as a timestamp', 'c1 6161'],
    ['NaN as a timestamp', 'c1 f97e00'],
    ['infinity as a timestamp', 'c1 f97c00'],
    ['a fraction of a millisecond', 'c1 fb3ff199999999999a'],
    ['an unassigned simple value', 'f0'],
    ['a simple value of two bytes', 'f8 ff'],
    ['a reserved simple value', 'fc'],
  ];
  for (const [why, text] of malformed) test(why, () => assert.throws(() => readCbor(hex(text)), CborError));

  test('nesting ends at 64, whatever nests', () => {
    for (const [open, close] of [
      ['81', ''],
      ['9f', 'ff'],
      ['a16161', ''],
      ['bf6161', 'ff'],
      ['c6', ''],
    ] as const) {
      const nested = (depth: number): Buffer => hex(`${open.repeat(depth)}01${close.repeat(depth)}`);
      assert.doesNotThrow(() => readCbor(nested(64)));
      assert.throws(() => readCbor(nested(65)), CborError);
      assert.throws(() => readCbor(nested(100_000)), CborError);
    }
  });

  test('heads that only claim to be long cost nothing', () => {
    const body = Buffer.alloc(2_000_000);
    for (let at = 0; at < 300; at += 5) body.set(hex('9a001e0000'), at);
    body[300] = 0xff;
    const before = process.memoryUsage().rss;
    assert.throws(() => readCbor(body), CborError);
    assert.ok(process.memoryUsage().rss - before < 200e6);
  });

  test('every body is read or refused with a CborError, and a prefix is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (array) => {
        try {
          readCbor(Buffer.from(array));
        } catch (error) {
          assert.ok(error instanceof CborError);
        }
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(
        tree,
        fc.constantFrom(-1, 0, 8),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (value, width, part) => {
          const whole = twin(value, width);
          assert.throws(() => readCbor(whole.subarray(0, Math.floor(whole.length * part))), CborError);
        },
      ),
    );
  });
});

const scalar = (type: ScalarShape['type']): ScalarShape => ({ type, name: type });
const list = (element: Shape): Shape => ({ type: 'list', name: 'List', element });
const structure = (members: Record<string, Shape>): StructureShape => ({
  type: 'structure',
  name: 'Structure',
  isException: false,
  isEventStream: false,
  members: Object.entries(members).map(([name, shape]) => ({ name, shape, required: false })),
});
const getRecordsOutput = structure({
  Records: list(
    structure({
      SequenceNumber: scalar('string'),
      ApproximateArrivalTimestamp: scalar('timestamp'),
      Data: scalar('blob'),
      PartitionKey: scalar('string'),
    }),
  ),
  NextShardIterator: scalar('string'),
  MillisBehindLatest: scalar('long'),
});

describe('writing', () => {
  const golden: [what: string, shape: Shape, value: unknown, bytes: string][] = [
    ['a small integer', scalar('integer'), 23, '17'],
    ['the least integer of one byte', scalar('integer'), 24, '1818'],
    ['an integer of one byte', scalar('integer'), 255, '18ff'],
    ['the least integer of two bytes', scalar('integer'), 256, '190100'],
    ['an integer of two bytes', scalar('integer'), 65_535, '19ffff'],
    ['the least integer of four bytes', scalar('integer'), 65_536, '1a00010000'],
    ['an integer of four bytes', scalar('long'), 2 ** 32 - 1, '1affffffff'],
    ['an integer of eight bytes', scalar('long'), 2 ** 32, '1b0000000100000000'],
    ['the greatest safe integer', scalar('long'), Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
    ['a negative integer', scalar('long'), -1000, '3903e7'],
    ['a double', scalar('double'), 1.1, 'fb3ff199999999999a'],
    ['a float, as a double', scalar('float'), 2, 'fb4000000000000000'],
    ['false', scalar('boolean'), false, 'f4'],
    ['a text', scalar('string'), 'ü', '62c3bc'],
    ['a blob', scalar('blob'), Buffer.of(1, 2), '420102'],
    ['a timestamp', scalar('timestamp'), 1_700_000_000_000, 'c11b0000018bcfe56800'],
    ['a moment before the epoch', scalar('timestamp'), -1, 'c120'],
    ['an empty list', list(scalar('string')), [], '80'],
    ['a map', { type: 'map', name: 'Map', key: scalar('string'), value: scalar('string') }, { a: 'b' }, 'a161616162'],
    [
      'absent members',
      getRecordsOutput,
      { Records: undefined, NextShardIterator: null, MillisBehindLatest: 0 },
      'a1724d696c6c6973426568696e644c617465737400',
    ],
  ];
  for (const [what, shape, value, text] of golden)
    test(what, () => assert.equal(compileCborWriter(shape)(value).toString('hex'), text));

  test('timestamps in seconds: whole ones as integers, others as doubles', () => {
    const write = compileCborWriter(scalar('timestamp'), 'seconds');
    assert.equal(write(1_363_896_240_000).toString('hex'), 'c11a514b67b0');
    assert.equal(write(1_363_896_240_500).toString('hex'), 'c1fb41d452d9ec200000');
  });

  test('a shape that contains itself', () => {
    const children: { -readonly [K in keyof Shape]: Shape[K] } & { element?: Shape } = {
      type: 'list',
      name: 'Children',
    };
    const node = structure({ Name: scalar('string'), Children: children as Shape });
    children.element = node;
    const value = { Name: 'a', Children: [{ Name: 'b', Children: [] }, { Name: 'c' }] };
    assert.deepEqual(readCbor(compileCborWriter(node)(value)), value);
  });

  test('every GetRecords output is what the twin writes and reads back', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 });
    const record = fc.record({
      SequenceNumber: text,
      ApproximateArrivalTimestamp: moment,
      Data: fc.oneof(
        bytes,
        fc.nat(70_000).map((length) => Buffer.alloc(length, 7)),
      ),
      PartitionKey: text,
    });
    const output = fc.record(
      {
        Records: fc.array(record, { maxLength: 40 }),
        NextShardIterator: text,
        MillisBehindLatest: fc.maxSafeInteger(),
      },
      { requiredKeys: ['Records'], noNullPrototype: true },
    );
    const write = compileCborWriter(getRecordsOutput);
    fc.assert(
      fc.property(output, (value) => {
        const ordered = Object.fromEntries(
          getRecordsOutput.members.filter(({ name }) => name in value).map(({ name }) => [name, value[name as never]]),
        );
        const inMemory = {
          ...ordered,
          Records: value.Records.map((each) => ({
            ...each,
            ApproximateArrivalTimestamp: +each.ApproximateArrivalTimestamp,
          })),
        };
        const written = write(inMemory);
        assert.ok(written.equals(twin(ordered)));
        assert.deepEqual(readCbor(written), { ...ordered, Records: value.Records.map((each) => ({ ...each })) });
      }),
      { numRuns: 60 },
    );
  });

  test('two answers share no bytes', () => {
    const write = compileCborWriter(scalar('string'));
    const first = write('first');
    write('other');
    assert.equal(readCbor(first), 'first');
  });
});
