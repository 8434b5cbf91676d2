import type { Handler } from '../handler.ts';
import { beginStreamChange } from '../stream-change.ts';

/** AUTO spreads records evenly and ignores their keys; on-demand streams only. */
export const updateStreamRecordDistributionStrategy: Handler<'UpdateStreamRecordDistributionStrategy'> = async (
  service,
  input,
  context,
) => {
  const { command } = beginStreamChange(service, 'UpdateStreamRecordDistributionStrategy', input, context);
  await service.change({
    ...command,
    type: 'SetCapacity',
    recordDistribution: input.RecordDistributionStrategy,
    limited: service.settings.limits === 'aws',
  });
  return {};
};
