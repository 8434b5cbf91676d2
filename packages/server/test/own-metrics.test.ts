import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCloudWatch } from '@millrace/cloudwatch';
import { movableWorld } from '@millrace/world';
import { testService } from '../../data-streams/test/support.ts';
import { publishOwnMetrics } from '../src/own-metrics.ts';
import { samplesOfStreams } from '../src/samples.ts';

test('what the service counts in a minute stands in CloudWatch, under AWS’s names', async (t) => {
  const world = movableWorld();
  const directory = await mkdtemp(join(tmpdir(), 'millrace-own-metrics-'));
  const streams = await testService({ world });
  const cloudWatch = await openCloudWatch({ world, directory, report: assert.fail });
  const publishing = publishOwnMetrics(world, cloudWatch, {
    samples: () => samplesOfStreams(streams.service.metrics.samples()),
    report: assert.fail,
  });
  t.after(async () => {
    await streams.stop();
    await cloudWatch.stop();
    await rm(directory, { recursive: true });
  });
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await streams.untilActive('s');
  const put = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1)
      await streams.call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'AAEC' });
    world.advance(60_000);
    // The minute's figures went first: what is behind them on disk shows that they are there.
    await cloudWatch.put([]);
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
  // A part of a minute is not lost when the server stops.
  await streams.call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'AAEC' });
  await publishing.stop();
  assert.deepEqual(read('IncomingRecords').at(-1), [1, 1]);
});
