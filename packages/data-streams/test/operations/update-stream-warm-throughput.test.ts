import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(3);
});
afterEach(() => one.streams.stop());

test('an on-demand stream opens as many shards as the warm throughput needs, and the answer tells both figures', async () => {
  await one.call('UpdateStreamMode', { StreamARN: streamArn, StreamModeDetails: { StreamMode: 'ON_DEMAND' } });
  await one.active();
  const answer = await one.call('UpdateStreamWarmThroughput', { StreamARN: streamArn, WarmThroughputMiBps: 6 });
  assert.deepEqual(answer['WarmThroughput'], { CurrentMiBps: 3, TargetMiBps: 6 });
  await one.active();
  const summary = await one.summary();
  assert.deepEqual([summary['OpenShardCount'], summary['WarmThroughput']], [6, { CurrentMiBps: 6, TargetMiBps: 6 }]);
});

test('a provisioned stream has none', async () => {
  assert.match(
    await one.refusal('UpdateStreamWarmThroughput', { StreamARN: streamArn, WarmThroughputMiBps: 6 }),
    /^InvalidArgumentException: WarmThroughputMiBps is only supported for streams in ON_DEMAND mode\./,
  );
});
