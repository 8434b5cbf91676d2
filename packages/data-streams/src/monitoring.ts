import type { Change } from './change.ts';
import { streamAt } from './stream-lookup.ts';
import type { StreamCommand } from './stream-change.ts';
import type { Stream } from './state.ts';

export const shardMetrics = [
  'IncomingBytes',
  'IncomingRecords',
  'OutgoingBytes',
  'OutgoingRecords',
  'WriteProvisionedThroughputExceeded',
  'ReadProvisionedThroughputExceeded',
  'IteratorAgeMilliseconds',
];

export interface SetMonitoringCommand extends StreamCommand {
  readonly type: 'SetMonitoring';
  readonly enable: boolean;
  readonly metrics: readonly string[];
}

export interface MonitoringOutcome {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export const setMonitoringChange: Change<SetMonitoringCommand, MonitoringOutcome> = {
  type: 'SetMonitoring',
  apply(state, { stream: key, enable, metrics }) {
    const stream = streamAt(state, key);
    const before = stream.enhancedMetrics;
    const named = metrics.includes('ALL') ? shardMetrics : metrics;
    stream.enhancedMetrics = shardMetrics.filter((metric) =>
      named.includes(metric) ? enable : before.includes(metric),
    );
    return { before, after: stream.enhancedMetrics };
  },
};

/** The answer of both operations. */
export function monitoringAnswer(
  stream: Stream,
  { before, after }: MonitoringOutcome,
): {
  StreamName: string;
  StreamARN: string;
  CurrentShardLevelMetrics: never[];
  DesiredShardLevelMetrics: never[];
} {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    CurrentShardLevelMetrics: [...before] as never[],
    DesiredShardLevelMetrics: [...after] as never[],
  };
}
