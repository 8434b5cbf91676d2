import { changeEncryption, masterKeyOf } from '../encryption.ts';
import type { Handler } from '../handler.ts';

/** Records that are put from now on are sealed under a new data key. */
export const startDeliveryStreamEncryption: Handler<'StartDeliveryStreamEncryption'> = (service, input, context) =>
  changeEncryption(service, input.DeliveryStreamName, context, async () => {
    const wanted = input.DeliveryStreamEncryptionConfigurationInput ?? { KeyType: 'AWS_OWNED_CMK' as const };
    const { keyType, keyArn, masterKey } = masterKeyOf(wanted);
    const keyRef = await service.keys.create(masterKey, context.account, context.region);
    return { status: 'ENABLING', keyType, keyArn, keyRef };
  });
