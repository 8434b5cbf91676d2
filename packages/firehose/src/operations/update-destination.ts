import { AwsError } from '@millrace/model';
import type { Change } from '../change.ts';
import { deliveryStreamAt, findDeliveryStream, keyOf } from '../delivery-stream-lookup.ts';
import { checkSchema } from '../conversion/schema.ts';
import { destinationId, updatedDestination } from '../destinations/destination.ts';
import type { Destination } from '../destinations/kinds.ts';
import { invalidArgument, resourceInUse } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { checkQuery } from './checked-query.ts';

export interface UpdateDestinationCommand {
  readonly type: 'UpdateDestination';
  readonly atMs: number;
  readonly deliveryStream: string;
  /** The version that the caller saw. */
  readonly version: number;
  readonly destination: Destination;
}

/** Changes the destination where nobody else has changed it since the caller looked. */
export const updateDestination: Handler<'UpdateDestination'> = async (service, input, context) => {
  const stream = findDeliveryStream(service.state, input.DeliveryStreamName, context);
  if (input.DestinationId !== destinationId) throw invalidArgument(`Destination Id ${input.DestinationId} not found`);
  const destination = updatedDestination(stream.destination, input, service.settings);
  await checkQuery(service, destination);
  await checkSchema(service, destination, stream);
  await service.change({
    type: 'UpdateDestination',
    atMs: service.world.clock.now(),
    deliveryStream: keyOf(stream),
    version: Number(input.CurrentDeliveryStreamVersionId),
    destination,
  });
  return {};
};

export const updateDestinationChange: Change<UpdateDestinationCommand> = {
  type: 'UpdateDestination',
  apply(state, { deliveryStream, version, destination, atMs }) {
    const stream = deliveryStreamAt(state, deliveryStream);
    if (stream.status !== 'ACTIVE')
      throw resourceInUse(`Firehose ${stream.name} under account ${stream.account} is not ACTIVE.`);
    // The destination was merged with the one that this version names: under another version it would undo a change.
    if (stream.version !== version)
      throw new AwsError(
        'ConcurrentModificationException',
        `Cannot update firehose: ${stream.name} since the current version id: ${stream.version} and specified version id: ${version} do not match`,
      );
    stream.destination = destination;
    stream.version += 1;
    stream.updatedMs = atMs;
  },
};
