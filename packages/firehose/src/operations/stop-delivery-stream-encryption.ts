import { findDeliveryStream, keyOf } from '../delivery-stream-lookup.ts';
import { checkDirectPut } from '../encryption.ts';
import type { Handler } from '../handler.ts';

/** Records that are put from now on lie plain; those before stay sealed until they are delivered. */
export const stopDeliveryStreamEncryption: Handler<'StopDeliveryStreamEncryption'> = async (
  service,
  input,
  context,
) => {
  const stream = findDeliveryStream(service.state, input.DeliveryStreamName, context);
  checkDirectPut(stream);
  const now = service.world.clock.now();
  await service.change({
    type: 'SetEncryption',
    atMs: now,
    dueMs: now + service.settings.transitionMs,
    deliveryStream: keyOf(stream),
    encryption: { ...stream.encryption, status: 'DISABLING', keyRef: 0 },
    limited: service.settings.limits === 'aws',
  });
  return {};
};
