import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(3);
});
afterEach(() => one.streams.stop());

const merge = (ShardToMerge: string, AdjacentShardToMerge: string): Promise<string> =>
  one.refusal('MergeShards', { StreamName: 's', ShardToMerge, AdjacentShardToMerge });

test('two neighbours become one child with both ranges, which names both as its parents', async () => {
  await one.put('low');
  assert.equal(await merge('shardId-000000000000', 'shardId-000000000001'), 'nothing');
  await one.active();
  const shards = (await one.shards()) as unknown as Record<string, unknown>[];
  assert.deepEqual(
    [shards[3]!['ParentShardId'], shards[3]!['AdjacentParentShardId'], shards[3]!['HashKeyRange']],
    [
      'shardId-000000000000',
      'shardId-000000000001',
      { StartingHashKey: '0', EndingHashKey: '226854911280625642308916404954512140969' },
    ],
  );
  for (const parent of ['0', '1']) {
    const page = await one.read(await one.iterator('TRIM_HORIZON', { ShardId: parent }));
    assert.equal(page.NextShardIterator, undefined);
    assert.deepEqual(
      page.ChildShards?.map(({ ShardId, ParentShards }) => [ShardId, ParentShards]),
      [['shardId-000000000003', ['shardId-000000000000', 'shardId-000000000001']]],
    );
  }
});

test('shards that do not touch, in the wrong order, closed or not there are refused', async () => {
  const notAdjacent =
    /^InvalidArgumentException: Shards shardId-\d+ and shardId-\d+ in stream s under account 000000000000 are not an adjacent pair of shards eligible for merging$/;
  assert.match(await merge('0', '2'), notAdjacent);
  assert.match(await merge('1', '0'), notAdjacent);
  assert.match(await merge('1', '1'), notAdjacent);
  assert.match(await merge('0', '9'), /^ResourceNotFoundException: Could not find shard shardId-000000000009/);
  assert.equal(await merge('0', '1'), 'nothing');
  await one.active();
  assert.match(await merge('0', '1'), /^InvalidArgumentException: .*closed/);
});
