import type { Handler } from '../handler.ts';
import { monitoringAnswer } from '../monitoring.ts';
import type { MonitoringOutcome } from '../monitoring.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Enables shard-level metrics by name, or ALL. */
export const enableEnhancedMonitoring: Handler<'EnableEnhancedMonitoring'> = async (service, input, context) => {
  const { stream, command } = beginStreamChange(service, 'EnableEnhancedMonitoring', input, context);
  const outcome = await service.change<MonitoringOutcome>({
    ...command,
    type: 'SetMonitoring',
    enable: true,
    metrics: input.ShardLevelMetrics,
  });
  return monitoringAnswer(stream, outcome);
};
