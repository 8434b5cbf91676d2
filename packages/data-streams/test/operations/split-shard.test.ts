import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { middleHash, OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const split = (input: object): Promise<string> =>
  one.refusal('SplitShard', {
    StreamName: 's',
    ShardToSplit: 'shardId-000000000000',
    NewStartingHashKey: middleHash,
    ...input,
  });

test('the parent is closed, its children share its range, the stream is UPDATING and then ACTIVE', async () => {
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 60_000 } });
  assert.equal(await split({}), 'nothing');
  assert.equal((await one.summary())['StreamStatus'], 'UPDATING');
  assert.match(
    await split({}),
    /^ResourceInUseException: Stream s under account 000000000000 not ACTIVE, instead in state UPDATING/,
  );
  one.world.advance(61_000);
  await one.active();
  const shards = (await one.shards()) as unknown as { ShardId: string; ParentShardId?: string; HashKeyRange: object }[];
  assert.deepEqual(
    shards.map(({ ParentShardId, HashKeyRange }) => [ParentShardId, HashKeyRange]),
    [
      [undefined, { StartingHashKey: '0', EndingHashKey: String(2n ** 128n - 1n) }],
      ['shardId-000000000000', { StartingHashKey: '0', EndingHashKey: String(2n ** 127n - 1n) }],
      ['shardId-000000000000', { StartingHashKey: middleHash, EndingHashKey: String(2n ** 128n - 1n) }],
    ],
  );
});

test('a shard is split once; what is no shard and no hash key inside its range is refused', async () => {
  const outside =
    /^InvalidArgumentException: NewStartingHashKey \d+ used in SplitShard\(\) on shard shardId-000000000000 in stream s under account 000000000000 is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey 3402/;
  for (const NewStartingHashKey of ['0', '1', String(2n ** 128n - 1n)])
    assert.match(await split({ NewStartingHashKey }), outside);
  assert.equal(await split({ NewStartingHashKey: '2' }), 'nothing');
  await one.active();
  assert.match(await split({}), /^InvalidArgumentException: .*closed/);
  assert.equal(
    await split({ ShardToSplit: 'shardId-000000000007' }),
    'ResourceNotFoundException: Could not find shard shardId-000000000007 in stream s under account 000000000000.',
  );
  assert.match(await split({ ShardToSplit: 'shard' }), /^ResourceNotFoundException: Could not find shard shard/);
  assert.equal(
    await split({ StreamName: 'x' }),
    'ResourceNotFoundException: Stream x under account 000000000000 not found.',
  );
});

test('with limits on, not beyond the quota of shards', async () => {
  await one.streams.stop();
  one = await OneStream.open(2, { limits: 'aws', shardQuota: 2 });
  assert.match(
    await split({ NewStartingHashKey: '5' }),
    /^LimitExceededException: This request would exceed the shard limit/,
  );
});
