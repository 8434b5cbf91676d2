import type { DeliveryStreamEncryptionConfigurationInput } from '@millrace/model/firehose';
import type { Change } from './change.ts';
import { deliveryStreamAt } from './delivery-stream-lookup.ts';
import { invalidArgument, limitExceeded, resourceInUse } from './errors.ts';
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
export function checkChangeable(
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

/** "You can enable SSE only if it's a Firehose stream that uses DirectPut as its source." */
export function checkDirectPut({ source }: DeliveryStream): void {
  if (source !== undefined)
    throw invalidArgument('Server-side encryption can be changed only where records are put directly.');
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
