import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSequenceNumber, encodeSequenceNumber, SequenceNumbers } from '../src/sequence-number.ts';

const fields = fc.record({
  createdSecond: fc.integer({ min: 1_300_000_000, max: 4_000_000_000 }),
  place: fc.integer({ min: 0, max: 2 ** 48 }),
  arrivalSecond: fc.integer({ min: 1_300_000_000, max: 4_000_000_000 }),
  shardNumber: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});

test('numbers have the values that npm kinesalite 3.3.3 prints for the same fields', () => {
  // stringifySequence({shardCreateTime: 1400000000000, seqIx: 5, seqTime: 1400000001000, shardIx: 3}) and the like.
  const golden: [Parameters<typeof encodeSequenceNumber>[0], string][] = [
    [
      { createdSecond: 1400000000, place: 5, arrivalSecond: 1400000001, shardNumber: 3 },
      '49539394000222431661433096827547869053656898957786218546',
    ],
    [
      { createdSecond: 1600000000, place: 0, arrivalSecond: 1600000000, shardNumber: 0 },
      '49610756384790827419890419256589692040303913337075269634',
    ],
    [
      { createdSecond: 1795220155, place: 123456789, arrivalSecond: 1795220999, shardNumber: 17 },
      '49680413263761490629440094167578620513626478026063610130',
    ],
    [
      { createdSecond: 1700000000, place: 4294967296, arrivalSecond: 1700000500, shardNumber: 255 },
      '49646437577442987594900028049807500027303719954932568050',
    ],
  ];
  // An ending number that AWS gave (spring-cloud-stream-binder-aws-kinesis, issue 187).
  golden.push([
    { createdSecond: 0x6182b94b, place: Infinity, arrivalSecond: 0x61f8f6b9, shardNumber: 0 },
    '49623586295030033695175315773036414839057851295876513794',
  ]);
  for (const [input, expected] of golden) assert.equal(encodeSequenceNumber(input), expected);
});

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(fields, (input) => {
      const decoded = decodeSequenceNumber(encodeSequenceNumber(input))!;
      assert.deepEqual(
        {
          createdSecond: decoded.createdSecond,
          place: decoded.place,
          arrivalSecond: decoded.arrivalSecond,
          shardNumber: decoded.shardNumber,
        },
        { ...input },
      );
      assert.equal(decoded.afterIndex, input.place);
    }),
  );
});

test('a run gives the same numbers as encoding one by one', () => {
  const step = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(fields, step, fc.constantFrom(0, 9999, 2 ** 32, 2 ** 52), (input, count, far) => {
      const numbers = new SequenceNumbers(input);
      const from = input.place + far;
      numbers.begin(from, input.arrivalSecond);
      for (let place = from; place < from + count; place += 1)
        assert.equal(numbers.take(), encodeSequenceNumber({ ...input, place }));
    }),
    { numRuns: 100 },
  );
});

test('a run goes on where the upper digits change, and one that another shard took over says so', () => {
  const fields = { createdSecond: 1_700_000_000, place: 1, arrivalSecond: 1_700_000_000, shardNumber: 0 };
  const numbers = new SequenceNumbers(fields);
  numbers.begin(1, fields.arrivalSecond);
  const uppers = new Set<string>();
  for (let place = 1; place <= 30_000; place += 1) {
    const text = numbers.take();
    assert.equal(text, encodeSequenceNumber({ ...fields, place }));
    uppers.add(text.slice(0, 28));
  }
  assert.ok(uppers.size > 2, `${uppers.size} different upper halves`);
  new SequenceNumbers({ ...fields, shardNumber: 1 }).begin(1, fields.arrivalSecond);
  assert.throws(() => numbers.take(), /another run/);
});
