import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCloudWatch } from '@millrace/cloudwatch';
import { movableWorld } from '@millrace/world';
import { testService } from '../../data-streams/test/support.ts';
import { publishOwnMetrics } from '../src/own-metrics.ts';

test('what the service counts in a minute stands in CloudWatch, under AWS’s names', async () => {
  const world = movableWorld();
  const streams = await testService({ world });
  const cloudWatch = openCloudWatch(world.clock);
  const publishing = publishOwnMetrics(world, cloudWatch, () => streams.service.metrics.samples());
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await streams.untilActive('s');
  const put = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1)
      await streams.call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'AAEC' });
    world.advance(60_000);
  };
  const began = world.clock.now();
  await put(3);
  await put(2);
  await put(0);
  const read = (name: string): unknown[] => {
    const dimensions = [{ Name: 'StreamName', Value: 's' }];
    const metric = { account: '000000000000', region: 'us-east-1', namespace: 'AWS/Kinesis', name, dimensions };
    const nowMs = world.clock.now();
    const points = cloudWatch.store.find(metric)?.read(began, nowMs + 1, { periodMs: 60_000, nowMs }) ?? [];
    return points.map(({ count, sum }) => [count, sum]);
  };
  assert.deepEqual(read('IncomingRecords'), [
    [1, 3],
    [1, 2],
  ]);
  assert.deepEqual(read('IncomingBytes'), [
    [1, 12],
    [1, 8],
  ]);
  assert.deepEqual(
    (read('PutRecord.Latency') as [number, number][]).map(([count]) => count),
    [3, 2],
  );
  assert.deepEqual(read('GetRecords.Bytes'), []);
  publishing.stop();
  await streams.stop();
});
