import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { realWorld } from '@millrace/world';
import { base64, middleHash, OneStream, streamArn } from '../one-stream.ts';

interface Answer {
  readonly FailedRecordCount: number;
  readonly Records: { ShardId?: string; SequenceNumber?: string; ErrorCode?: string; ErrorMessage?: string }[];
  readonly EncryptionType?: string;
}

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(3);
});
afterEach(() => one.streams.stop());

const putRecords = async (Records: object[], StreamName = 's'): Promise<Answer> =>
  (await one.streams.call('PutRecords', { StreamName, Records })) as unknown as Answer;

test('10,000 keys: each record is in the shard that the answer names, which is the one its key’s MD5 falls into', async () => {
  const width = 2n ** 128n / 3n;
  const keys = ['polygenelubricants', '😀', ...Array.from({ length: 9998 }, (_, n) => `key-${n}`)];
  const named = new Map<string, string>();
  for (let from = 0; from < keys.length; from += 500) {
    const part = keys.slice(from, from + 500);
    const answer = await putRecords(part.map((PartitionKey) => ({ PartitionKey, Data: base64(PartitionKey) })));
    assert.equal(answer.FailedRecordCount, 0);
    for (const [at, { ShardId }] of answer.Records.entries()) named.set(part[at]!, ShardId!);
  }
  const found = new Map<string, string>();
  for (const { ShardId } of await one.shards())
    for (const key of await one.readFrom('TRIM_HORIZON', { ShardId })) found.set(key, ShardId);
  for (const key of keys) {
    const hash = BigInt(`0x${createHash('md5').update(key).digest('hex')}`);
    const expected = `shardId-00000000000${hash / width > 2n ? 2n : hash / width}`;
    assert.equal(named.get(key), expected, key);
    assert.equal(found.get(key), expected, key);
  }
});

test('records of one shard lie in it in the order of the request, under the numbers of the answer', async () => {
  const records = Array.from({ length: 500 }, (_, n) => ({ PartitionKey: `k${n % 7}`, Data: base64(String(n)) }));
  const answer = await putRecords(records);
  assert.equal(answer.Records.length, 500);
  for (const { ShardId } of await one.shards()) {
    const page = await one.read(await one.iterator('TRIM_HORIZON', { ShardId }));
    const expected = answer.Records.flatMap((outcome, n) =>
      outcome.ShardId === ShardId ? [{ number: outcome.SequenceNumber, text: String(n) }] : [],
    );
    const stored = page.Records.map(({ SequenceNumber, Data }) => ({
      number: SequenceNumber,
      text: Buffer.from(Data, 'base64').toString(),
    }));
    assert.deepEqual(stored, expected);
  }
});

test('what a shard cannot take fails by itself, and the rest is stored', async () => {
  await one.streams.stop();
  one = await OneStream.open(2, { limits: 'aws' });
  one.world.hold();
  const low = { PartitionKey: 'k', ExplicitHashKey: '0', Data: base64('low') };
  const high = { PartitionKey: 'k', ExplicitHashKey: middleHash, Data: base64('high') };
  assert.equal((await putRecords(Array.from({ length: 500 }, () => low))).FailedRecordCount, 0);
  assert.equal((await putRecords(Array.from({ length: 499 }, () => low))).FailedRecordCount, 0);
  const answer = await putRecords([low, low, high, low]);
  assert.equal(answer.FailedRecordCount, 2);
  const refused = {
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: 'Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
  };
  assert.deepEqual([answer.Records[1], answer.Records[3]], [refused, refused]);
  assert.deepEqual(
    [answer.Records[0], answer.Records[2]].map((outcome) => outcome?.ShardId),
    ['shardId-000000000000', 'shardId-000000000001'],
  );
  assert.equal((await one.readFrom('TRIM_HORIZON')).length, 1000);
  assert.deepEqual(await one.readFrom('TRIM_HORIZON', { ShardId: '1' }), ['high']);
});

test('a request with one record that is too large, or of more than 10 MiB with its keys, stores nothing', async () => {
  const mebibyte = base64('x'.repeat(1 << 20));
  const small = { PartitionKey: 'a', Data: 'MA==' };
  const large = { PartitionKey: 'b', Data: base64('x'.repeat((1 << 20) + 1)) };
  const ten = Array.from({ length: 10 }, () => ({ PartitionKey: 'k', Data: mebibyte }));
  for (const Records of [[small, large], ten]) {
    assert.match(
      await one.streams.refusal('PutRecords', { StreamName: 's', Records }),
      /^InvalidArgumentException: (The size of the record|Records size exceeds)/,
    );
  }
  for (const ShardId of ['0', '1', '2']) assert.deepEqual(await one.readFrom('TRIM_HORIZON', { ShardId }), []);
  const fitting = ten.map((record) => ({ ...record, Data: base64('x'.repeat((1 << 20) - 1)) }));
  assert.equal((await putRecords(fitting)).FailedRecordCount, 0);
});

test('one bad explicit hash key refuses the request; a missing partition key is named by its place', async () => {
  const good = { PartitionKey: 'k', Data: 'MA==' };
  assert.match(
    await one.streams.refusal('PutRecords', {
      StreamName: 's',
      Records: [good, { ...good, ExplicitHashKey: String(2n ** 128n) }],
    }),
    /^InvalidArgumentException: Invalid ExplicitHashKey/,
  );
  assert.match(
    await one.streams.refusal('PutRecords', { StreamName: 's', Records: [good, { Data: 'MA==' }] }),
    /^ValidationException: 1 validation error detected: Value null at 'records\.2\.member\.partitionKey'/,
  );
});

test('records put under a key say so; those put before do not', async () => {
  const record = { PartitionKey: 'k', ExplicitHashKey: '0', Data: base64('plain') };
  assert.equal((await putRecords([record])).EncryptionType, undefined);
  await one.streams.call('StartStreamEncryption', { StreamARN: streamArn, EncryptionType: 'KMS', KeyId: 'alias/a' });
  await one.streams.untilActive('s');
  assert.equal((await putRecords([record])).EncryptionType, 'KMS');
  const { Records } = await one.read(await one.iterator('TRIM_HORIZON'));
  assert.deepEqual(
    Records.map(({ EncryptionType }) => EncryptionType),
    [undefined, 'KMS'],
  );
});

test('AUTO distribution fills all shards of each of two streams evenly, and gives back only the keys it got', async () => {
  for (const StreamName of ['a', 'b']) {
    const StreamModeDetails = { StreamMode: 'ON_DEMAND' };
    await one.streams.call('CreateStream', { StreamName, StreamModeDetails, RecordDistributionStrategy: 'AUTO' });
    await one.streams.untilActive(StreamName);
  }
  const counts = new Map<string, number>();
  for (let n = 0; n < 40; n += 1) {
    for (const StreamName of ['a', 'b']) {
      const keys = n < 4 ? {} : { PartitionKey: 'same', ExplicitHashKey: '0' };
      const { Records } = await putRecords([{ Data: 'MA==', ...keys }], StreamName);
      const place = `${StreamName} ${Records[0]!.ShardId}`;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
  }
  assert.deepEqual(
    [...counts.values()],
    Array.from({ length: 8 }, () => 10),
  );
  const { Records } = await one.read(await one.iterator('TRIM_HORIZON', { StreamName: 'a' }));
  assert.deepEqual(
    Records.map(({ PartitionKey }) => PartitionKey),
    [undefined, ...Array.from({ length: 9 }, () => 'same')],
  );
});

test('a dry run stores nothing', async () => {
  const Records = [{ PartitionKey: 'k', ExplicitHashKey: '0', Data: 'MA==' }];
  assert.match(
    await one.streams.refusal('PutRecords', { StreamName: 's', Records, DryRun: true }),
    /^DryRunOperationException/,
  );
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), []);
});

test('when the disk fails, each record is answered with InternalFailure, and the fault is reported', async () => {
  await one.streams.stop();
  const real = realWorld();
  let fails = false;
  const disk: typeof real.disk = {
    ...real.disk,
    open: async (path, mode) => {
      const file = await real.disk.open(path, mode);
      return Object.assign(Object.create(file) as typeof file, {
        datasync: () => (fails ? Promise.reject(new Error('EIO')) : file.datasync()),
        read: file.read.bind(file),
        write: file.write.bind(file),
        truncate: file.truncate.bind(file),
        size: file.size.bind(file),
        close: file.close.bind(file),
      });
    },
  };
  const reported: unknown[] = [];
  one = await OneStream.open(2, { world: { ...real, disk }, report: (error) => void reported.push(error) });
  fails = true;
  const answer = await putRecords([
    { PartitionKey: 'k', ExplicitHashKey: '0', Data: 'MA==' },
    { PartitionKey: 'k', ExplicitHashKey: middleHash, Data: 'MA==' },
  ]);
  assert.equal(answer.FailedRecordCount, 2);
  for (const outcome of answer.Records)
    assert.deepEqual(outcome, { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure' });
  assert.ok(reported.length > 0);
  assert.equal(
    await one.streams.refusal('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'MA==' }),
    'InternalFailure: Internal Service Failure',
  );
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), []);
  fails = false;
});
