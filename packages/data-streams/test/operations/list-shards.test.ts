import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(3);
});
afterEach(() => one.streams.stop());

const ids = async (input: object): Promise<string[]> =>
  ((await one.call('ListShards', input))['Shards'] as { ShardId: string }[]).map(({ ShardId }) => ShardId.slice(-1));
const filtered = (ShardFilter: object): Promise<string[]> => ids({ StreamName: 's', ShardFilter });

test('each filter lists the shards that it names, before and after a split', async () => {
  one.world.advance(5000);
  const before = one.world.clock.now() / 1000;
  one.world.advance(5000);
  await one.call('SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: '1000' });
  await one.active();
  one.world.advance(5000);
  const after = one.world.clock.now() / 1000;
  assert.deepEqual(await ids({ StreamName: 's' }), ['0', '1', '2', '3', '4']);
  const expected: [object, string][] = [
    [{ Type: 'AT_LATEST' }, '1234'],
    [{ Type: 'AT_TRIM_HORIZON' }, '012'],
    [{ Type: 'FROM_TRIM_HORIZON' }, '01234'],
    [{ Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000002' }, '34'],
    [{ Type: 'AT_TIMESTAMP', Timestamp: before }, '012'],
    [{ Type: 'AT_TIMESTAMP', Timestamp: after }, '1234'],
    [{ Type: 'FROM_TIMESTAMP', Timestamp: before }, '01234'],
    [{ Type: 'FROM_TIMESTAMP', Timestamp: after }, '1234'],
  ];
  for (const [filter, shards] of expected)
    assert.equal((await filtered(filter)).join(''), shards, JSON.stringify(filter));
});

test('pages by token, which carries stream and filter and goes with nothing else', async () => {
  const first = await one.call('ListShards', {
    StreamARN: streamArn,
    MaxResults: 2,
    ShardFilter: { Type: 'AT_LATEST' },
  });
  const { NextToken } = first;
  assert.deepEqual(await ids({ NextToken }), ['2']);
  assert.equal(
    await one.refusal('ListShards', { StreamName: 's', NextToken }),
    'InvalidArgumentException: NextToken and StreamName cannot be provided together.',
  );
  assert.equal(
    await one.refusal('ListShards', {}),
    'InvalidArgumentException: Either NextToken or StreamName should be provided.',
  );
  assert.match(await one.refusal('ListShards', { NextToken: 'AAAA' }), /^InvalidArgumentException/);
  one.world.advance(301_000);
  assert.match(await one.refusal('ListShards', { NextToken }), /^ExpiredNextTokenException/);
  assert.deepEqual(await ids({ StreamName: 's', ExclusiveStartShardId: 'shardId-000000000000' }), ['1', '2']);
});

test('filters with members that do not belong to them, and times that were not, are refused', async () => {
  const now = one.world.clock.now() / 1000;
  const wrong = [
    { Type: 'AFTER_SHARD_ID' },
    { Type: 'AT_LATEST', ShardId: 'shardId-000000000000' },
    { Type: 'AT_TIMESTAMP' },
    { Type: 'AT_LATEST', Timestamp: now },
    { Type: 'AT_TIMESTAMP', Timestamp: now + 100 },
    { Type: 'AT_TIMESTAMP', Timestamp: now - 10_000 },
  ];
  for (const ShardFilter of wrong)
    assert.match(
      await one.refusal('ListShards', { StreamName: 's', ShardFilter }),
      /^InvalidArgumentException/,
      JSON.stringify(ShardFilter),
    );
});

test('parents are listed with their ending numbers until their records have expired, then they go', async () => {
  await one.call('SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: '1000' });
  await one.active();
  const [parent, , , child] = await one.shards();
  assert.ok(
    BigInt(parent!.SequenceNumberRange['EndingSequenceNumber']!) >
      BigInt(parent!.SequenceNumberRange['StartingSequenceNumber']!),
  );
  assert.ok(
    BigInt(child!.SequenceNumberRange['StartingSequenceNumber']!) >
      BigInt(parent!.SequenceNumberRange['EndingSequenceNumber']!),
  );
  one.world.advance(25 * 3_600_000);
  while ((await ids({ StreamName: 's' })).includes('0')) {
    one.world.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await ids({ StreamName: 's' }), ['1', '2', '3', '4']);
});
