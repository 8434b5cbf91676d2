import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeFrame, encodeFrame } from '@millrace/protocol';

/** CRC-32 (IEEE 802.3) bit by bit. */
function twinCrc(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** The twin: a message around header bytes that need not be right. `claimed` replaces the headers' length. */
function twin(headers: readonly number[], payload: readonly number[], claimed = headers.length): Buffer {
  const lengths = [...u32(16 + headers.length + payload.length), ...u32(claimed)];
  const message = [...lengths, ...u32(twinCrc(lengths)), ...headers, ...payload];
  return Buffer.from([...message, ...u32(twinCrc(message))]);
}

function twinHeaders(headers: Readonly<Record<string, string>>): number[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const text = [...Buffer.from(value)];
    return [name.length, ...Buffer.from(name), 7, text.length >> 8, text.length & 255, ...text];
  });
}

const ascii = fc.string({ minLength: 1, maxLength: 255, unit: 'grapheme-ascii' });
const headers = fc.dictionary(ascii, fc.string({ unit: 'grapheme', maxLength: 300 }), {
  maxKeys: 8,
  noNullPrototype: true,
});
const payload = fc.uint8Array({ maxLength: 2000 }).map((array) => Buffer.from(array));

describe('golden frames', () => {
  test('a message without headers and payload', () => {
    const frame = '000000100000000005c248eb7d98c8ff';
    assert.equal(encodeFrame({}, Buffer.alloc(0)).toString('hex'), frame);
    assert.deepEqual(decodeFrame(Buffer.from(frame, 'hex')), { headers: {}, payload: Buffer.alloc(0), length: 16 });
  });

  test('a payload without headers', () => {
    const frame = `0000001d00000000fd528c5a${Buffer.from("{'foo':'bar'}").toString('hex')}c3653936`;
    assert.equal(encodeFrame({}, Buffer.from("{'foo':'bar'}")).toString('hex'), frame);
  });

  test('a header of text', () => {
    const content = Buffer.from("{'foo':'bar'}");
    const name = Buffer.from('content-type').toString('hex');
    const value = Buffer.from('application/json').toString('hex');
    const frame = `0000003d0000002007fd83960c${name}070010${value}${content.toString('hex')}8d9c08b1`;
    const headers = { 'content-type': 'application/json' };
    assert.equal(encodeFrame(headers, content).toString('hex'), frame);
    assert.deepEqual(decodeFrame(Buffer.from(frame, 'hex')), { headers, payload: content, length: 61 });
  });
});

describe('any frame', () => {
  test('is what the twin writes, and reads back from a longer buffer', () => {
    fc.assert(
      fc.property(headers, payload, payload, (names, content, behind) => {
        const frame = encodeFrame(names, content);
        assert.ok(frame.equals(twin(twinHeaders(names), [...content])));
        const read = decodeFrame(Buffer.concat([frame, behind]));
        assert.deepEqual(read, { headers: names, payload: content, length: frame.length });
      }),
    );
  });

  test('is undefined while it is not whole', () => {
    const frame = encodeFrame({ ':event-type': 'SubscribeToShardEvent' }, Buffer.from('{}'));
    for (let length = 0; length < frame.length; length += 1)
      assert.equal(decodeFrame(frame.subarray(0, length)), undefined);
  });

  test('is refused with any one bit turned over', () => {
    const frame = encodeFrame({ ':event-type': 'SubscribeToShardEvent' }, Buffer.from('{"Records":[]}'));
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const damaged = Buffer.from(frame);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => decodeFrame(damaged), /damaged/);
    }
  });

  test('keeps a header named __proto__', () => {
    const read = decodeFrame(twin(twinHeaders(JSON.parse('{"__proto__":"x"}') as Record<string, string>), []));
    assert.deepEqual(Object.entries(read!.headers), [['__proto__', 'x']]);
  });
});

/** A message of nothing but lengths, whose checksum is right. */
const prelude = (total: number, headersLength: number): Buffer => {
  const lengths = [...u32(total), ...u32(headersLength)];
  return Buffer.from([...lengths, ...u32(twinCrc(lengths)), 0, 0, 0, 0]);
};

describe('refused, with checksums that are right', () => {
  const malformed: [why: string, frame: Buffer, words: RegExp][] = [
    ['a length of nothing', prelude(0, 0), /longer than the message/],
    ['a length below the least', prelude(15, 0), /longer than the message/],
    ['headers longer than the message', twin([1, 97, 7, 0, 0], [], 6), /longer than the message/],
    ['headers longer than memory', prelude(16, 0xffffffff), /longer than the message/],
    ['a header of another type', twin([1, 97, 0, 0, 0], []), /type 0 is not a text/],
    ['a name longer than the headers', twin([9, 97, 7, 0, 0], [7, 7, 7, 7, 7, 7, 7, 7, 7]), /ends too early/],
    ['a value longer than the headers', twin([1, 97, 7, 0, 2, 98], [99, 99]), /ends too early/],
    ['a header without its length', twin([1, 97, 7], [0, 0]), /ends too early/],
  ];
  for (const [why, frame, words] of malformed) test(why, () => assert.throws(() => decodeFrame(frame), words));

  test('what does not fit a header is not written', () => {
    assert.throws(() => encodeFrame({ ['n'.repeat(256)]: '' }, Buffer.alloc(0)), RangeError);
    assert.throws(() => encodeFrame({ n: 'v'.repeat(65_536) }, Buffer.alloc(0)), RangeError);
  });
});
