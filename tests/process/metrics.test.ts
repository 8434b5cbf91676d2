/** Metrics that were acknowledged are there after kill -9, once, and with their percentiles. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { untilTrue } from '../clients/environments.ts';
import { startServer } from '../../tools/server-process.ts';

async function call(endpoint: string, operation: string, input: object): Promise<Record<string, unknown>> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `GraniteServiceVersion20100801.${operation}`,
    },
    body: JSON.stringify(input),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

test('metrics survive kill -9', { timeout: 60_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-metrics-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const now = Math.floor(Date.now() / 1000);
  for (let life = 1; life <= 2; life += 1) {
    const server = await startServer(['--data', directory]);
    // Together more than the changes that a snapshot waits for.
    const data = Array.from({ length: 1000 }, (_, n) => ({
      MetricName: `m${n}`,
      Timestamp: now,
      Dimensions: [{ Name: 'Operation', Value: 'x'.repeat(200) }],
      Values: Array.from({ length: 20 }, (_, value) => value + 1),
    }));
    for (let round = 0; round < 10; round += 1)
      await call(server.endpoint, 'PutMetricData', { Namespace: 'N', MetricData: data });
    await server.stop('SIGKILL');

    const again = await startServer(['--data', directory]);
    const asked = { Namespace: 'N', MetricName: 'm7', StartTime: now - 7200, EndTime: now + 60, Period: 3600 };
    const Dimensions = data[7]!.Dimensions;
    const { Datapoints: sums } = await call(again.endpoint, 'GetMetricStatistics', {
      ...asked,
      Dimensions,
      Statistics: ['SampleCount', 'Sum'],
    });
    const [point] = sums as { SampleCount: number; Sum: number }[];
    assert.deepEqual([point!.SampleCount, point!.Sum], [life * 200, life * 2100]);
    const { Datapoints: tails } = await call(again.endpoint, 'GetMetricStatistics', {
      ...asked,
      Dimensions,
      ExtendedStatistics: ['p90'],
    });
    assert.deepEqual((tails as { ExtendedStatistics: object }[])[0]!.ExtendedStatistics, { p90: 18 });
    if (life === 2)
      // A kill may have cut short each snapshot that was begun before.
      await untilTrue(async () => {
        await call(again.endpoint, 'PutMetricData', { Namespace: 'N', MetricData: data });
        return (await readdir(join(directory, 'metrics'))).some((name) => name.endsWith('.snapshot'));
      }, 'a snapshot');
    assert.equal(await again.stop(), 0, again.log());
  }
  const names = await readdir(join(directory, 'metrics'));
  assert.ok(names.length <= 4, names.join());
});
