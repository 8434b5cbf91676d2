import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(2);
});
afterEach(() => one.streams.stop());

test('open shards and consumers are counted, closed shards not', async () => {
  await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' });
  await one.call('SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: '1000' });
  await one.active();
  const summary = await one.summary();
  assert.deepEqual([summary['OpenShardCount'], summary['ConsumerCount']], [3, 1]);
  assert.deepEqual(
    [summary['MaxRecordSizeInKiB'], summary['RecordDistributionStrategy']],
    [1024, 'USER_PARTITION_KEY'],
  );
  assert.equal(summary['StreamId'], undefined);
});

test('a stream can be named by its id, which no answer shows, from any region', async () => {
  const { id: StreamId } = [...one.streams.service.state.streams.values()][0]!;
  const found = await one.call('DescribeStreamSummary', { StreamId });
  assert.equal((found['StreamDescriptionSummary'] as { StreamName: string }).StreamName, 's');
  assert.match(
    await one.refusal('DescribeStreamSummary', { StreamId: 'abcdefghij0123456789-abc' }),
    /^ResourceNotFoundException/,
  );
});
