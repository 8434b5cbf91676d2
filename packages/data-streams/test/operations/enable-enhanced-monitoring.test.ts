import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('metrics by name or ALL; the answer tells what was and what is', async () => {
  const enable = (...ShardLevelMetrics: string[]): Promise<Record<string, unknown>> =>
    one.call('EnableEnhancedMonitoring', { StreamName: 's', ShardLevelMetrics });
  assert.deepEqual(await enable('OutgoingBytes', 'IncomingBytes'), {
    StreamName: 's',
    StreamARN: streamArn,
    CurrentShardLevelMetrics: [],
    DesiredShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'],
  });
  const all = await enable('ALL');
  assert.deepEqual(all['CurrentShardLevelMetrics'], ['IncomingBytes', 'OutgoingBytes']);
  assert.equal((all['DesiredShardLevelMetrics'] as string[]).length, 7);
  assert.deepEqual((await one.summary())['EnhancedMonitoring'], [
    { ShardLevelMetrics: all['DesiredShardLevelMetrics'] },
  ]);
});
