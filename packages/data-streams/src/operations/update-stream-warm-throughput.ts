import { describeSummary } from '../described.ts';
import { checkWarmThroughput } from '../capacity.ts';
import type { Handler } from '../handler.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Capacity that an on-demand stream keeps ready, in MiB a second: at least as many shards. */
export const updateStreamWarmThroughput: Handler<'UpdateStreamWarmThroughput'> = async (service, input, context) => {
  const { stream, command } = beginStreamChange(service, 'UpdateStreamWarmThroughput', input, context);
  checkWarmThroughput(input.WarmThroughputMiBps);
  await service.change({
    ...command,
    type: 'SetCapacity',
    warmThroughputMiBps: input.WarmThroughputMiBps,
    limited: service.settings.limits === 'aws',
  });
  const { WarmThroughput: warm } = describeSummary(stream);
  return { StreamARN: stream.arn, StreamName: stream.name, ...(warm !== undefined && { WarmThroughput: warm }) };
};
