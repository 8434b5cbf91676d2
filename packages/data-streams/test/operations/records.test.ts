/** Putting and reading: PutRecord, PutRecords, GetShardIterator, GetRecords. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { realWorld } from '@millrace/world';
import type { World } from '@millrace/world';
import { testService } from '../support.ts';
import type { TestService } from '../support.ts';

let streams: TestService;
let offsetMs = 0;
const world: World = {
  ...realWorld(),
  clock: { ...realWorld().clock, now: () => Date.now() + offsetMs, monotonicMs: () => performance.now() + offsetMs },
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Page {
  Records: { Data: string; SequenceNumber: string; PartitionKey: string; EncryptionType?: string }[];
  NextShardIterator?: string;
  MillisBehindLatest: number;
}

beforeEach(async () => {
  offsetMs = 0;
  streams = await testService({ world });
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await streams.untilActive('s');
});
afterEach(() => streams.stop());

async function put(text: string): Promise<string> {
  const answer = await streams.call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: base64(text) });
  return answer['SequenceNumber'] as string;
}

async function iterator(type: string, more: object = {}): Promise<string> {
  const answer = await streams.call('GetShardIterator', {
    StreamName: 's',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: type,
    ...more,
  });
  return answer['ShardIterator'] as string;
}

async function read(from: string, limit = 100): Promise<Page> {
  return (await streams.call('GetRecords', { ShardIterator: from, Limit: limit })) as unknown as Page;
}

const texts = ({ Records }: Page): string[] => Records.map(({ Data }) => Buffer.from(Data, 'base64').toString());

test('each iterator type begins where it says', async () => {
  const numbers = [await put('0'), await put('1')];
  offsetMs = 10_000;
  const between = (Date.now() + offsetMs - 5000) / 1000;
  numbers.push(await put('2'));
  assert.deepEqual(texts(await read(await iterator('TRIM_HORIZON'))), ['0', '1', '2']);
  assert.deepEqual(texts(await read(await iterator('AT_SEQUENCE_NUMBER', { StartingSequenceNumber: numbers[1] }))), [
    '1',
    '2',
  ]);
  assert.deepEqual(texts(await read(await iterator('AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber: numbers[1] }))), [
    '2',
  ]);
  assert.deepEqual(texts(await read(await iterator('AT_TIMESTAMP', { Timestamp: between }))), ['2']);
  const latest = await iterator('LATEST');
  assert.deepEqual(texts(await read(latest)), []);
  await put('3');
  assert.deepEqual(texts(await read(latest)), ['3']);
  const future = await streams.refusal('GetShardIterator', {
    StreamName: 's',
    ShardId: 'shardId-0',
    ShardIteratorType: 'AT_TIMESTAMP',
    Timestamp: Date.now() / 1000 + 999,
  });
  assert.match(
    future,
    /^InvalidArgumentException: The timestampInMillis parameter cannot be greater than the currentTimestampInMillis/,
  );
});

test('the numbers a shard advertises are good starting points', async () => {
  await put('0');
  const { Shards: shards } = (await streams.call('ListShards', { StreamName: 's' })) as {
    Shards: { SequenceNumberRange: { StartingSequenceNumber: string } }[];
  };
  const start = { StartingSequenceNumber: shards[0]!.SequenceNumberRange.StartingSequenceNumber };
  assert.deepEqual(texts(await read(await iterator('AT_SEQUENCE_NUMBER', start))), ['0']);
  assert.deepEqual(texts(await read(await iterator('AFTER_SEQUENCE_NUMBER', start))), ['0']);
});

test('an iterator tried again gives the same records, for five minutes', async () => {
  await put('0');
  const from = await iterator('TRIM_HORIZON');
  for (let attempt = 0; attempt < 10; attempt += 1) assert.deepEqual(texts(await read(from)), ['0']);
  assert.deepEqual(texts(await read(`"${from}"`)), ['0']);
  offsetMs = 299_000;
  assert.deepEqual(texts(await read(from)), ['0']);
  offsetMs = 301_000;
  assert.match(
    await streams.refusal('GetRecords', { ShardIterator: from }),
    /^ExpiredIteratorException: Iterator expired\. The iterator was created at time \w{3} \w{3} \d\d [\d:]+ UTC \d{4} while right now it is .* tolerated delay of 300000 milliseconds\.$/,
  );
});

test('an iterator that was changed, or made by somebody else, is refused; a good one outlives a restart', async () => {
  await put('0');
  const from = await iterator('TRIM_HORIZON');
  const changed = Buffer.from(from, 'base64');
  changed[20]! ^= 1;
  for (const bad of [changed.toString('base64'), 'AAAA', 'x']) {
    assert.equal(
      await streams.refusal('GetRecords', { ShardIterator: bad }),
      'InvalidArgumentException: Invalid ShardIterator.',
    );
  }
  streams = await streams.restart();
  assert.deepEqual(texts(await read(from)), ['0']);
});

test('MillisBehindLatest is the age of what was read last, and 0 at the tip', async () => {
  await put('0');
  offsetMs = 60_000;
  await put('1');
  const page = await read(await iterator('TRIM_HORIZON'), 1);
  assert.ok(page.MillisBehindLatest >= 60_000 && page.MillisBehindLatest < 70_000, String(page.MillisBehindLatest));
  assert.equal((await read(page.NextShardIterator!)).MillisBehindLatest, 0);
});

test('expired records are not served, even before they are removed', async () => {
  await put('0');
  offsetMs = 24 * 3_600_000 + 1000;
  await put('1');
  assert.deepEqual(texts(await read(await iterator('TRIM_HORIZON'))), ['1']);
});

test('a record may have 1 MiB, and more where the stream says so; nothing is stored of a request that is refused', async () => {
  const large = Buffer.alloc((1 << 20) + 1).toString('base64');
  const records = [
    { PartitionKey: 'a', Data: 'MA==' },
    { PartitionKey: 'b', Data: large },
  ];
  assert.match(await streams.refusal('PutRecords', { StreamName: 's', Records: records }), /^InvalidArgumentException/);
  assert.deepEqual(texts(await read(await iterator('TRIM_HORIZON'))), []);
  await streams.call('UpdateMaxRecordSize', {
    StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    MaxRecordSizeInKiB: 2048,
  });
  await streams.untilActive('s');
  assert.equal((await streams.call('PutRecords', { StreamName: 's', Records: records }))['FailedRecordCount'], 0);
  const page = await read(await iterator('TRIM_HORIZON'));
  assert.deepEqual(
    page.Records.map(({ Data }) => Data.length),
    [4, large.length],
  );
});

test('a dry run stores nothing and says that it would have', async () => {
  assert.match(
    await streams.refusal('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'MA==', DryRun: true }),
    /^DryRunOperationException/,
  );
  assert.match(
    await streams.refusal('PutRecord', { StreamName: 'x', PartitionKey: 'k', Data: 'MA==', DryRun: true }),
    /^ResourceNotFoundException/,
  );
  assert.deepEqual(texts(await read(await iterator('TRIM_HORIZON'))), []);
});

test('records put under a key say so; those put before and after do not', async () => {
  await put('plain');
  const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
  await streams.call('StartStreamEncryption', { StreamARN: arn, EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' });
  await streams.untilActive('s');
  const answer = await streams.call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: base64('sealed') });
  assert.equal(answer['EncryptionType'], 'KMS');
  const page = await read(await iterator('TRIM_HORIZON'));
  assert.deepEqual(texts(page), ['plain', 'sealed']);
  assert.deepEqual(
    page.Records.map(({ EncryptionType }) => EncryptionType),
    [undefined, 'KMS'],
  );
});

test('AUTO distribution needs no partition key and uses every shard', async () => {
  await streams.call('CreateStream', {
    StreamName: 'auto',
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    RecordDistributionStrategy: 'AUTO',
  });
  await streams.untilActive('auto');
  const answer = (await streams.call('PutRecords', {
    StreamName: 'auto',
    Records: Array.from({ length: 40 }, () => ({ Data: 'MA==' })),
  })) as unknown as { Records: { ShardId: string }[] };
  assert.equal(new Set(answer.Records.map(({ ShardId }) => ShardId)).size, 4);
  assert.match(
    await streams.refusal('PutRecord', { StreamName: 's', Data: 'MA==' }),
    /^ValidationException: 1 validation error detected: Value null at 'partitionKey'/,
  );
});
