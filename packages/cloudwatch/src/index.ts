import type { Clock } from '@millrace/world';
import { MetricStore } from './metric-store.ts';
import { getMetricData } from './operations/get-metric-data.ts';
import { getMetricStatistics } from './operations/get-metric-statistics.ts';
import { listMetrics } from './operations/list-metrics.ts';
import { putMetricData } from './operations/put-metric-data.ts';
import type { CloudWatch, Handler, Operations } from './service.ts';

export type { CloudWatch } from './service.ts';

/** CloudWatch's operations that Kinesis clients use, by name. */
export const cloudWatchOperations: { readonly [Name in keyof Operations]: Handler<Name> } = {
  GetMetricData: getMetricData,
  GetMetricStatistics: getMetricStatistics,
  ListMetrics: listMetrics,
  PutMetricData: putMetricData,
};

/** Metrics of 15 days, in memory: they begin anew with the process. */
export function openCloudWatch(clock: Clock): CloudWatch {
  return { clock, store: new MetricStore() };
}
