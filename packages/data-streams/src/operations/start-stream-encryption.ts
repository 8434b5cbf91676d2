import type { Handler } from '../handler.ts';
import { beginStreamChange } from '../stream-change.ts';

/** Encrypts what is put from now on with a new data key under the named master key. */
export const startStreamEncryption: Handler<'StartStreamEncryption'> = async (service, input, context) => {
  const { stream, command } = beginStreamChange(service, 'StartStreamEncryption', input, context);
  const keyRef = await service.keys.create(input.KeyId, stream.account, stream.region);
  await service.change({
    ...command,
    type: 'StartEncryption',
    keyId: input.KeyId,
    keyRef,
    limited: service.settings.limits === 'aws',
  });
  return {};
};
