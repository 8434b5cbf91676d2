import type { Handler } from '../handler.ts';
import { monitoringAnswer } from '../monitoring.ts';
import type { MonitoringOutcome } from '../monitoring.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Disables shard-level metrics by name, or ALL. */
export const disableEnhancedMonitoring: Handler<'DisableEnhancedMonitoring'> = async (service, input, context) => {
  const { stream, command } = beginStreamChange(service, 'DisableEnhancedMonitoring', input, context);
  const outcome = await service.change<MonitoringOutcome>({
    ...command,
    type: 'SetMonitoring',
    enable: false,
    metrics: input.ShardLevelMetrics,
  });
  return monitoringAnswer(stream, outcome);
};
