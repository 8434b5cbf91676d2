import type { Handler } from '../handler.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Sets a longer retention, 24 to 8,760 hours: records already expired do not come back. */
export const increaseStreamRetentionPeriod: Handler<'IncreaseStreamRetentionPeriod'> = async (
  service,
  input,
  context,
) => {
  const { command } = beginStreamChange(service, 'IncreaseStreamRetentionPeriod', input, context);
  await service.change({ ...command, type: 'SetRetention', direction: 'increase', hours: input.RetentionPeriodHours });
  return {};
};
