import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { aggregate, Aggregator, deaggregate, isAggregated } from '@millrace/aggregation';
import type { UserRecord } from '@millrace/aggregation';

const userRecord = fc
  .record({
    partitionKey: fc.oneof(fc.constantFrom('a', 'b'), fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' })),
    explicitHashKey: fc.option(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String), { nil: undefined, freq: 4 }),
    data: fc.uint8Array({ maxLength: 300 }),
  })
  .map((record): UserRecord => record);

const plain = ({ partitionKey, explicitHashKey, data }: UserRecord): unknown[] => [
  partitionKey,
  explicitHashKey,
  Buffer.from(data).toString('hex'),
];

function framed(message: Buffer): Buffer {
  const digest = createHash('md5').update(message).digest();
  return Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, digest]);
}

test('what is put together is taken apart, in order, within the limits', () => {
  fc.assert(
    fc.property(
      fc.array(userRecord, { maxLength: 60 }),
      fc.integer({ min: 100, max: 3000 }),
      fc.integer({ min: 1, max: 30 }),
      (records, maxBytes, maxCount) => {
        const found: unknown[] = [];
        for (const one of aggregate(records, { maxBytes, maxCount })) {
          assert.ok(one.count <= maxCount && (one.count === 1 || one.data.length <= maxBytes));
          const parts = deaggregate(one);
          assert.equal(parts.length, one.count);
          assert.deepEqual([parts[0]!.partitionKey, one.partitionKey], [one.partitionKey, parts[0]!.partitionKey]);
          assert.deepEqual(
            parts.map(({ subSequenceNumber }) => subSequenceNumber),
            parts.map((_, at) => at),
          );
          // A record that travels alone has its hash key beside its data.
          for (const part of parts)
            found.push(plain(part.isAggregated ? part : { ...part, explicitHashKey: one.explicitHashKey }));
        }
        assert.deepEqual(found, records.map(plain));
      },
    ),
    { numRuns: 500 },
  );
});

test('the bytes are those of the published format', () => {
  const aggregator = new Aggregator();
  const records = [
    { partitionKey: 'pk', data: Buffer.from('one') },
    { partitionKey: 'other', explicitHashKey: '5', data: Buffer.from('two') },
    { partitionKey: 'pk', data: Buffer.alloc(0) },
  ];
  for (const record of records) assert.ok(aggregator.add(record));
  const expectedBytes = aggregator.bytes;
  const { data, partitionKey, count } = aggregator.take()!;
  const message = [
    '0a02706b',
    '0a056f74686572',
    '120135',
    '1a0708001a036f6e65',
    '1a09080110001a0374776f',
    '1a0408001a00',
  ].join('');
  assert.equal(Buffer.from(data).toString('hex'), framed(Buffer.from(message, 'hex')).toString('hex'));
  assert.deepEqual([partitionKey, count, data.length], ['pk', 3, expectedBytes]);
  assert.equal(aggregator.take(), undefined);
});

test('fields in another order, tags and fields that are not known are read too', () => {
  const tags = '22060a0174120176';
  const record = `1a036f6e65${tags}0800`;
  const unknown = ['2801', '3d01020304', '3100000000000000ff'];
  const message = `1a0f${record}${unknown[0]}0a02706b${unknown[1]}${unknown[2]}`;
  const [one] = deaggregate({ partitionKey: 'a', data: framed(Buffer.from(message, 'hex')) });
  assert.deepEqual([one!.partitionKey, Buffer.from(one!.data).toString(), one!.isAggregated], ['pk', 'one', true]);
});

test('what only looks aggregated passes untouched', () => {
  const messages = [
    '1a0408001a00',
    '0a02706b1a0408011a00',
    '0a02706b1a020800',
    '0aff',
    '0a02706b1a06080010051a00',
    '0b',
  ];
  const damaged = Buffer.from(framed(Buffer.from('0a02706b1a0408001a00', 'hex')));
  damaged[5]! ^= 1;
  const short = Buffer.from('f3899ac2', 'hex');
  for (const data of [...messages.map((message) => framed(Buffer.from(message, 'hex'))), damaged, short]) {
    const found = deaggregate({ partitionKey: 'k', data });
    assert.deepEqual(found, [{ partitionKey: 'k', data, subSequenceNumber: 0, isAggregated: false }]);
    assert.equal(found[0]!.data, data);
  }
});

test('a record that is an aggregated one itself arrives as it was put', () => {
  const inner = framed(Buffer.from('0a02706b1a0408001a00', 'hex'));
  assert.ok(isAggregated(inner));
  const [sent] = aggregate([{ partitionKey: 'k', data: inner }]);
  const parts = deaggregate(sent!);
  assert.deepEqual(parts.map(plain), [plain({ partitionKey: 'k', data: inner })]);
});

test('a record that holds one of another shard is left out as a whole where a range is given, as KCL does', () => {
  const records = [
    { partitionKey: 'a', explicitHashKey: '5', data: Buffer.from('1') },
    { partitionKey: 'a', explicitHashKey: '9', data: Buffer.from('2') },
    // The MD5 of "a".
    { partitionKey: 'a', data: Buffer.from('3') },
  ];
  const hash = 0x0cc175b9c0f1b6a831c399e269772661n;
  const [sent] = aggregate(records);
  const read = (startingHashKey: bigint, endingHashKey: bigint): string[] =>
    deaggregate(sent!, { within: { startingHashKey, endingHashKey } }).map(({ data }) => Buffer.from(data).toString());
  assert.deepEqual(read(5n, hash), ['1', '2', '3']);
  assert.deepEqual(read(6n, hash), []);
  assert.deepEqual(read(5n, hash - 1n), []);
});

test('any bytes are read or passed, never refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (message) => {
      const data = framed(Buffer.from(message));
      for (const part of deaggregate({ partitionKey: 'k', data })) assert.equal(typeof part.partitionKey, 'string');
    }),
    { numRuns: 3000 },
  );
});

test('a hash key that is none does not keep the others from being read', () => {
  const [sent] = aggregate([
    { partitionKey: 'a', explicitHashKey: 'ü', data: Buffer.from('1') },
    { partitionKey: 'a', explicitHashKey: '5', data: Buffer.from('2') },
  ]);
  const within = { startingHashKey: 5n, endingHashKey: 5n };
  assert.deepEqual(
    deaggregate(sent!, { within }).map(({ data }) => Buffer.from(data).toString()),
    ['1', '2'],
  );
});

// Made by aws-kinesis-agg 4.2.8 (npm) from the same records. Two of its habits are left out here, for the format has neither: a record
// without a hash key beside others that have one comes back from it with the first one's, and hash keys under 2^32 change places.
const madeByAwsKinesisAgg = [
  {
    hashKeys: [],
    data: '84mawgoBawoI0LrQu9GO0YcaBwgAGgNvbmUaBwgBGgN0d28aCQgAGgV0aHJlZVhcas6pO9NPXP777DiKpBo=',
  },
  {
    hashKeys: ['340282366920938463463374607431768211455', '98722424099999999999999999999999'],
    data:
      '84mawgoBawoI0LrQu9GO0YcSJzM0MDI4MjM2NjkyMDkzODQ2MzQ2MzM3NDYwNzQzMTc2ODIxMTQ1NRIgOTg3MjI0MjQwOTk5OTk5' +
      'OTk5OTk5OTk5OTk5OTk5OTkaCQgAEAAaA29uZRoJCAEQARoDdHdvGgsIABAAGgV0aHJlZVQc27ez8ykQnhcLjX3tcxw=',
  },
];

for (const { hashKeys, data } of madeByAwsKinesisAgg) {
  test(`byte for byte what aws-kinesis-agg makes, ${hashKeys.length} hash keys`, () => {
    const records = ['one', 'two', 'three'].map((text, at) => ({
      partitionKey: at === 1 ? 'ключ' : 'k',
      explicitHashKey: hashKeys[at % 2],
      data: Buffer.from(text),
    }));
    const [made] = aggregate(records);
    assert.equal(Buffer.from(made!.data).toString('base64'), data);
    const read = deaggregate({ partitionKey: 'k', data: Buffer.from(data, 'base64') });
    assert.deepEqual(read.map(plain), records.map(plain));
  });
}

// Put by a KPL 1.1.1 in this order and read back with GetRecords; it sends each aggregated record under the partition key "a".
const madeByKpl = {
  data: 'f3899ac20a01610a0265781201351a0708001a036f6e651a0708001a0374776f1a0a080110001a04666f7572f610e68b9cc200888ab6a359d2bead7d',
  users: [
    { partitionKey: 'a', data: Buffer.from('one') },
    { partitionKey: 'a', data: Buffer.from('two') },
    { partitionKey: 'ex', explicitHashKey: '5', data: Buffer.from('four') },
  ],
};

test('byte for byte what the KPL makes, and taken apart as it was put together', () => {
  const [sent] = aggregate(madeByKpl.users);
  assert.equal(Buffer.from(sent!.data).toString('hex'), madeByKpl.data);
  const parts = deaggregate({ partitionKey: 'a', data: Buffer.from(madeByKpl.data, 'hex') });
  assert.deepEqual(parts.map(plain), madeByKpl.users.map(plain));
});
