import type { Handler } from '../handler.ts';
import { beginStreamChange } from '../stream-change.ts';

/** The largest record the stream takes, 1,024 to 10,240 KiB of data and partition key. */
export const updateMaxRecordSize: Handler<'UpdateMaxRecordSize'> = async (service, input, context) => {
  const { command } = beginStreamChange(service, 'UpdateMaxRecordSize', input, context);
  await service.change({
    ...command,
    type: 'SetCapacity',
    maxRecordSizeKiB: input.MaxRecordSizeInKiB,
    limited: service.settings.limits === 'aws',
  });
  return {};
};
