import { AwsError } from '@millrace/model';
import type { Change } from '../change.ts';
import { deliveryStreamAt, findDeliveryStream, keyOf } from '../delivery-stream-lookup.ts';
import { checkSchema } from '../conversion/schema.ts';
import { checkOwnDomain, destinationId, updatedDestination } from '../destinations/destination.ts';
import type { Destination } from '../destinations/kinds.ts';
import { invalidArgument, resourceInUse } from '../errors.ts';
import type { Handler } from '../handler.ts';
import type { DeliveryStream } from '../state.ts';
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
  const version = Number(input.CurrentDeliveryStreamVersionId);
  // What the update is merged with is what this version names, or it would undo a change that comes before it is done.
  checkVersion(stream, version);
  const destination = updatedDestination(stream.destination, input, service.settings);
  checkOwnDomain(destination, context.account);
  await checkQuery(service, destination);
  await checkSchema(service, destination, stream);
  await service.change({
    type: 'UpdateDestination',
    atMs: service.world.clock.now(),
    deliveryStream: keyOf(stream),
    version,
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
    checkVersion(stream, version);
    stream.destination = destination;
    stream.version += 1;
    stream.updatedMs = atMs;
  },
};

function checkVersion({ name, version: present }: DeliveryStream, version: number): void {
  if (present !== version)
    throw new AwsError(
      'ConcurrentModificationException',
      `Cannot update firehose: ${name} since the current version id: ${present} and specified version id: ${version} do not match`,
    );
}
