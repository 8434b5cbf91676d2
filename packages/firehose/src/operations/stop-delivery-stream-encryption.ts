import { changeEncryption } from '../encryption.ts';
import type { Handler } from '../handler.ts';

/** Records that are put from now on lie plain; those before stay sealed until they are delivered. */
export const stopDeliveryStreamEncryption: Handler<'StopDeliveryStreamEncryption'> = (service, input, context) =>
  changeEncryption(service, input.DeliveryStreamName, context, ({ encryption }) => ({
    ...encryption,
    status: 'DISABLING',
    keyRef: 0,
  }));
