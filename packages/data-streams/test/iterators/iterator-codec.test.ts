/** Iterators say where to go on, to the server that made them and to nobody else, for five minutes. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIteratorCodec } from '../../src/iterators/create-iterator-codec.ts';
import type { IteratorPosition } from '../../src/iterators/iterator-codec.ts';

const key = Buffer.from(Array.from({ length: 32 }, (_, at) => at));
const codec = createIteratorCodec(key);
const invalid = { code: 'InvalidArgumentException', message: 'Invalid ShardIterator.' };
const issuedMs = Date.UTC(2026, 10, 20, 22, 30, 17);

const positions: fc.Arbitrary<IteratorPosition> = fc.record(
  {
    account: fc.constantFrom('000000000000', '123456789012'),
    region: fc.constantFrom('us-east-1', 'ap-southeast-2'),
    streamId: fc.constant('abcdefghij0123456789-k1z'),
    streamName: fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/),
    logId: fc.nat(),
    shardNumber: fc.nat(),
    index: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    issuedMs: fc.constant(issuedMs),
  },
  { noNullPrototype: true },
);

test('what is sealed is opened again, also by a server started later with the same key', () => {
  fc.assert(
    fc.property(positions, (position) => {
      const iterator = codec.seal(position);
      assert.ok(iterator.length <= 512, 'the model allows 512 characters');
      assert.deepEqual(createIteratorCodec(Buffer.from(key)).open(iterator, issuedMs), position);
    }),
  );
});

test('no byte can be changed, cut or added, and another server’s key does not open it', () => {
  fc.assert(
    fc.property(positions, fc.nat(), fc.integer({ min: 1, max: 255 }), (position, place, difference) => {
      const iterator = codec.seal(position);
      const bytes = Buffer.from(iterator, 'base64');
      assert.throws(() => codec.open(bytes.subarray(0, -1).toString('base64'), issuedMs), invalid);
      assert.throws(() => codec.open(Buffer.concat([bytes, Buffer.of(0)]).toString('base64'), issuedMs), invalid);
      bytes[place % bytes.length]! ^= difference;
      assert.throws(() => codec.open(bytes.toString('base64'), issuedMs), invalid);
      assert.throws(() => createIteratorCodec(Buffer.alloc(32)).open(iterator, issuedMs), invalid);
    }),
  );
});

test('any text is opened or refused in AWS’s words, and only one spelling of an iterator is one', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      assert.throws(() => codec.open(text, issuedMs), invalid);
    }),
  );
  const iterator = codec.seal(fc.sample(positions, 1)[0]!);
  for (const spelled of [`${iterator}!`, ` ${iterator}`, `${iterator}\n`, `"${iterator}`, `""${iterator}""`]) {
    assert.throws(() => codec.open(spelled, issuedMs), invalid, spelled);
  }
  codec.open(`"${iterator}"`, issuedMs);
});

test('the mac is HMAC-SHA-256 over version and content', () => {
  const bytes = Buffer.from(codec.seal(fc.sample(positions, 1)[0]!), 'base64');
  const mac = bytes.subarray(1, 17);
  const content = Buffer.from(bytes.subarray(17).map((byte, at) => byte ^ mac[at % 16]!));
  const expected = createHmac('sha256', key).update(bytes.subarray(0, 1)).update(content).digest();
  assert.deepEqual(Buffer.from(mac), expected.subarray(0, 16));
});

test('an iterator lasts 300,000 milliseconds; then the answer names both times as AWS writes them', () => {
  const iterator = codec.seal({ ...fc.sample(positions, 1)[0]!, issuedMs });
  codec.open(iterator, issuedMs + 300_000);
  assert.throws(() => codec.open(iterator, issuedMs + 300_001), {
    code: 'ExpiredIteratorException',
    message:
      'Iterator expired. The iterator was created at time Fri Nov 20 22:30:17 UTC 2026 while right now it is Fri Nov 20 22:35:17 UTC 2026 ' +
      'which is further in the future than the tolerated delay of 300000 milliseconds.',
  });
  codec.open(iterator, issuedMs - 3_600_000);
});
