import type { DeliveryStreamEncryptionConfigurationInput } from '@millrace/model/firehose';
import type { Change } from './change.ts';
import { deliveryStreamAt, findDeliveryStream, keyOf } from './delivery-stream-lookup.ts';
import { invalidArgument, limitExceeded, resourceInUse } from './errors.ts';
import type { Firehose, RequestContext } from './service.ts';
import { typeOf } from './source.ts';
import type { DeliveryStream, Encryption } from './state.ts';

const changesPerDay = 25;
const dayMs = 86_400_000;

export interface SetEncryptionCommand {
  readonly type: 'SetEncryption';
  readonly atMs: number;
  readonly dueMs: number;
  readonly deliveryStream: string;
  readonly encryption: Encryption;
  readonly limited: boolean;
}

/** Start and StopDeliveryStreamEncryption: ENABLING or DISABLING now, ENABLED or DISABLED when it is due. */
export const setEncryptionChange: Change<SetEncryptionCommand> = {
  type: 'SetEncryption',
  apply(state, { deliveryStream: key, encryption, atMs, dueMs, limited }) {
    const stream = deliveryStreamAt(state, key);
    checkChangeable(stream, { atMs, limited });
    stream.recentEncryptionChangesMs = [...recentChanges(stream, atMs), atMs];
    stream.encryption = encryption;
    stream.dueMs = dueMs;
  },
};

/** Asked before a data key is made, too: those that are refused are to leave none. */
function checkChangeable(
  stream: DeliveryStream,
  { atMs, limited }: { readonly atMs: number; readonly limited: boolean },
): void {
  if (stream.status !== 'ACTIVE' || stream.dueMs !== undefined)
    throw resourceInUse(`Firehose ${stream.name} is not in a state in which its encryption can be changed.`);
  if (limited && recentChanges(stream, atMs).length >= changesPerDay)
    throw limitExceeded(`Encryption of Firehose ${stream.name} was changed ${changesPerDay} times in 24 hours.`);
}

function recentChanges({ recentEncryptionChangesMs: all }: DeliveryStream, atMs: number): number[] {
  return all.filter((timeMs) => timeMs > atMs - dayMs);
}

/**
 * Changes the encryption of the delivery stream that a caller names; `next` makes the new one when nothing speaks against it.
 * Throws what it is refused with.
 */
export async function changeEncryption(
  service: Firehose,
  name: string,
  context: RequestContext,
  next: (stream: DeliveryStream) => Encryption | Promise<Encryption>,
): Promise<Record<string, never>> {
  const { clock } = service.world;
  const stream = findDeliveryStream(service.state, name, context);
  if (typeOf(stream) !== 'DirectPut')
    throw invalidArgument('Server-side encryption can be changed only where records are put directly.');
  const limited = service.settings.limits === 'aws';
  checkChangeable(stream, { atMs: clock.now(), limited });
  const encryption = await next(stream);
  const atMs = clock.now();
  const dueMs = atMs + service.settings.transitionMs;
  await service.change({ type: 'SetEncryption', atMs, dueMs, deliveryStream: keyOf(stream), encryption, limited });
  return {};
}

/** What a caller's encryption configuration names. Throws InvalidArgumentException where type and ARN contradict. */
export function masterKeyOf({ KeyType: keyType, KeyARN: keyArn }: DeliveryStreamEncryptionConfigurationInput): {
  keyType: NonNullable<Encryption['keyType']>;
  keyArn: string | undefined;
  /** As the key ring knows it. */
  masterKey: string;
} {
  if (keyType === 'CUSTOMER_MANAGED_CMK') {
    if (keyArn === undefined) throw invalidArgument('KeyARN must be specified when KeyType is CUSTOMER_MANAGED_CMK.');
    return { keyType, keyArn, masterKey: keyArn };
  }
  if (keyArn !== undefined) throw invalidArgument('KeyARN must not be specified when KeyType is AWS_OWNED_CMK.');
  return { keyType, keyArn: undefined, masterKey: 'alias/aws/firehose' };
}
