import type { Handler } from '../handler.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Sets a shorter retention, down to 24 hours: older records are gone at once. */
export const decreaseStreamRetentionPeriod: Handler<'DecreaseStreamRetentionPeriod'> = async (
  service,
  input,
  context,
) => {
  const { command } = beginStreamChange(service, 'DecreaseStreamRetentionPeriod', input, context);
  await service.change({ ...command, type: 'SetRetention', direction: 'decrease', hours: input.RetentionPeriodHours });
  return {};
};
