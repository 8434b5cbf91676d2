import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('the named metrics go, ALL takes all of them', async () => {
  await one.call('EnableEnhancedMonitoring', { StreamName: 's', ShardLevelMetrics: ['ALL'] });
  const one7 = await one.call('DisableEnhancedMonitoring', { StreamName: 's', ShardLevelMetrics: ['IncomingBytes'] });
  assert.equal((one7['CurrentShardLevelMetrics'] as string[]).length, 7);
  assert.ok(!(one7['DesiredShardLevelMetrics'] as string[]).includes('IncomingBytes'));
  const none = await one.call('DisableEnhancedMonitoring', { StreamARN: streamArn, ShardLevelMetrics: ['ALL'] });
  assert.deepEqual(none['DesiredShardLevelMetrics'], []);
});
