import { checkWarmThroughput } from '../capacity.ts';
import type { Handler } from '../handler.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Provisioned to on-demand or back, twice in 24 hours; the shards stay as they are. */
export const updateStreamMode: Handler<'UpdateStreamMode'> = async (service, input, context) => {
  const { command } = beginStreamChange(service, 'UpdateStreamMode', { StreamARN: input.StreamARN }, context);
  checkWarmThroughput(input.WarmThroughputMiBps);
  await service.change({
    ...command,
    type: 'SetCapacity',
    mode: input.StreamModeDetails.StreamMode,
    ...(input.WarmThroughputMiBps !== undefined && { warmThroughputMiBps: input.WarmThroughputMiBps }),
    limited: service.settings.limits === 'aws',
  });
  return {};
};
