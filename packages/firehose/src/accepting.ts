import { AwsError } from '@millrace/model';
import type { Firehose, RequestContext } from './service.ts';
import { findDeliveryStream } from './delivery-stream-lookup.ts';
import { deliveryStreamNotFound, invalidArgument, slowDown } from './errors.ts';
import { typeOf } from './source.ts';
import type { DeliveryStream } from './state.ts';

/** A delivery stream that takes records. Throws what a put into it is refused with. */
export function acceptingDeliveryStream(
  service: Firehose,
  name: string,
  context: Pick<RequestContext, 'account' | 'region'>,
): DeliveryStream {
  const stream = findDeliveryStream(service.state, name, context);
  const type = typeOf(stream);
  if (type !== 'DirectPut') throw invalidArgument(`This operation is not permitted on ${type} delivery stream type.`);
  if (stream.status !== 'ACTIVE') throw deliveryStreamNotFound(name, context.account);
  if (!service.rates.takeCall(stream.logId)) throw new AwsError(slowDown.code, slowDown.message, 503);
  return stream;
}

/**
 * Makes records durable; they are delivered later. Answers the index of the first, or undefined where the delivery stream
 * was deleted meanwhile.
 */
export async function accept(
  service: Firehose,
  stream: DeliveryStream,
  data: readonly Buffer[],
): Promise<number | undefined> {
  const records = data.map((bytes) => ({ partitionKey: '', data: bytes }));
  const outcome = await service.log.append(stream.logId, records, stream.encryption.keyRef);
  return outcome === 'closed' ? undefined : outcome.firstIndex;
}

/** Whether what is put now is sealed at rest. */
export function isEncrypted({ encryption }: DeliveryStream): boolean {
  return encryption.keyRef !== 0;
}

/**
 * A record's id: opaque, unique. Ours is an unguessable part of its request and its place in the delivery stream, long as
 * AWS's are.
 */
export function recordIds(service: Firehose, logId: number): (index: number) => string {
  const head = service.world.random.bytes(96).toString('base64');
  return (index) => `${head}${logId.toString(36)}${index.toString(36).padStart(12, '0')}`;
}
