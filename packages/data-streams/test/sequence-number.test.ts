import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSequenceNumber, encodeSequenceNumber, SequenceNumberRun } from '../src/sequence-number.ts';

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
  fc.assert(
    fc.property(fields, fc.integer({ min: 1, max: 300 }), (input, count) => {
      const run = new SequenceNumberRun(input);
      for (let step = 0; step < count; step += 1)
        assert.equal(run.take(), encodeSequenceNumber({ ...input, place: input.place + step }));
    }),
    { numRuns: 50 },
  );
});

test('a run goes on where the upper digits change', () => {
  const fields = { createdSecond: 1_700_000_000, place: 1, arrivalSecond: 1_700_000_000, shardNumber: 0 };
  const run = new SequenceNumberRun(fields);
  const uppers = new Set<string>();
  for (let place = 1; place <= 30_000; place += 1) {
    const text = run.take();
    assert.equal(text, encodeSequenceNumber({ ...fields, place }));
    uppers.add(text.slice(0, 28));
  }
  assert.ok(uppers.size > 2, `${uppers.size} different upper halves`);
});

test('numbers rise with the place, whatever the clock did, and a later shard is above an earlier one', () => {
  fc.assert(
    fc.property(fields, fields, (a, b) => {
      const [x, y] = [a, b].map((input) =>
        BigInt(encodeSequenceNumber({ ...input, shardNumber: 1, createdSecond: 1_500_000_000 })),
      );
      if (a.place !== b.place) assert.equal(x! < y!, a.place < b.place);
      const parent = BigInt(encodeSequenceNumber(a));
      const child = BigInt(encodeSequenceNumber({ ...b, createdSecond: a.createdSecond + 1 }));
      assert.ok(child > parent);
    }),
  );
});

test('a position lies between the record at its place and the next', () => {
  fc.assert(
    fc.property(fields, (input) => {
      const record = BigInt(encodeSequenceNumber(input));
      const next = BigInt(encodeSequenceNumber({ ...input, place: input.place + 1 }));
      const text = encodeSequenceNumber({ ...input, isPosition: true });
      assert.ok(BigInt(text) > record && BigInt(text) < next);
      const decoded = decodeSequenceNumber(text)!;
      assert.equal(decoded.atIndex, input.place);
      assert.equal(decoded.afterIndex, input.place);
    }),
  );
});

test('texts that are no sequence number are not decoded', () => {
  for (const text of ['', 'a', '0', '5', '1'.repeat(70), '26227199374822427428162556223570313216'])
    assert.equal(decodeSequenceNumber(text), undefined, text);
});
