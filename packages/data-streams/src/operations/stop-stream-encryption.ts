import type { Handler } from '../handler.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Stores what is put from now on plain; encrypted records stay readable. */
export const stopStreamEncryption: Handler<'StopStreamEncryption'> = async (service, input, context) => {
  const { command } = beginStreamChange(service, 'StopStreamEncryption', input, context);
  await service.change({
    ...command,
    type: 'StartEncryption',
    keyId: undefined,
    keyRef: 0,
    limited: service.settings.limits === 'aws',
  });
  return {};
};
