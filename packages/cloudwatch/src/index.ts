import { MetricLog } from './metric-log.ts';
import type { MetricLogOptions } from './metric-log.ts';
import { getMetricData } from './operations/get-metric-data.ts';
import { getMetricStatistics } from './operations/get-metric-statistics.ts';
import { listMetrics } from './operations/list-metrics.ts';
import { putMetricData } from './operations/put-metric-data.ts';
import type { CloudWatch, Handler, Operations } from './service.ts';

export type { CloudWatch } from './service.ts';
export { statisticsOf } from './statistics.ts';
export type { Measurement } from './metric-store.ts';

/** CloudWatch's operations that Kinesis clients use, by name. */
export const cloudWatchOperations: { readonly [Name in keyof Operations]: Handler<Name> } = {
  GetMetricData: getMetricData,
  GetMetricStatistics: getMetricStatistics,
  ListMetrics: listMetrics,
  PutMetricData: putMetricData,
};

export interface OpenCloudWatch extends CloudWatch {
  /** Why nothing can be put any more. */
  failure(): Error | undefined;
  /** What is in memory, and what went wrong since the start. */
  metrics(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Metrics of 15 days in a directory, which the caller has locked for this process. */
export async function openCloudWatch(options: MetricLogOptions): Promise<OpenCloudWatch> {
  const log = await MetricLog.open(options);
  return {
    clock: options.world.clock,
    store: log.store,
    put: (measurements) => log.put(measurements),
    failure: () => log.failure(),
    metrics: () => log.metrics(),
    stop: () => log.stop(),
  };
}
