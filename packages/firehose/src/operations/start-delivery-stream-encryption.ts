import { findDeliveryStream, keyOf } from '../delivery-stream-lookup.ts';
import { checkChangeable, checkDirectPut, masterKeyOf } from '../encryption.ts';
import type { Handler } from '../handler.ts';

/** Records that are put from now on are sealed under a new data key. */
export const startDeliveryStreamEncryption: Handler<'StartDeliveryStreamEncryption'> = async (
  service,
  input,
  context,
) => {
  const stream = findDeliveryStream(service.state, input.DeliveryStreamName, context);
  checkDirectPut(stream);
  const wanted = input.DeliveryStreamEncryptionConfigurationInput ?? { KeyType: 'AWS_OWNED_CMK' as const };
  const { keyType, keyArn, masterKey } = masterKeyOf(wanted);
  const limited = service.settings.limits === 'aws';
  checkChangeable(stream, { atMs: service.world.clock.now(), limited });
  const keyRef = await service.keys.create(masterKey, context.account, context.region);
  const now = service.world.clock.now();
  await service.change({
    type: 'SetEncryption',
    atMs: now,
    dueMs: now + service.settings.transitionMs,
    deliveryStream: keyOf(stream),
    encryption: { status: 'ENABLING', keyType, keyArn, keyRef },
    limited,
  });
  return {};
};
