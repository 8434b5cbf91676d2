import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cloudWatchOperations, openCloudWatch } from '@millrace/cloudwatch';
import { realWorld } from '@millrace/world';

test('a statistic set of fewer than no samples is refused, and nothing beside it is taken', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-put-metric-data-'));
  const service = await openCloudWatch({ world: realWorld(), directory, report: () => undefined });
  try {
    const wrong = { SampleCount: -1, Sum: -1, Minimum: 1, Maximum: 1 };
    const MetricData = [
      { MetricName: 'm', Value: 1 },
      { MetricName: 'm', StatisticValues: wrong },
    ];
    const putting = cloudWatchOperations.PutMetricData(
      service,
      { Namespace: 'N', MetricData },
      { account: '000000000000', region: 'us-east-1' },
    );
    await assert.rejects(Promise.resolve(putting), {
      code: 'InvalidParameterValueException',
      message: /MetricData\.member\.2\.StatisticValues\.SampleCount/,
    });
    assert.equal(service.metrics()['series'], 0);
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
