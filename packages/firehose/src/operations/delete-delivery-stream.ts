import type { Change } from '../change.ts';
import { deliveryStreamAt, findDeliveryStream, keyOf } from '../delivery-stream-lookup.ts';
import { resourceInUse } from '../errors.ts';
import type { Handler } from '../handler.ts';

export interface DeleteDeliveryStreamCommand {
  readonly type: 'DeleteDeliveryStream';
  readonly atMs: number;
  readonly dueMs: number;
  readonly deliveryStream: string;
}

/** Deletes the delivery stream "and its data": what was not delivered is not delivered. */
export const deleteDeliveryStream: Handler<'DeleteDeliveryStream'> = async (service, input, context) => {
  const stream = findDeliveryStream(service.state, input.DeliveryStreamName, context);
  const now = service.world.clock.now();
  await service.change({
    type: 'DeleteDeliveryStream',
    atMs: now,
    dueMs: now + service.settings.transitionMs,
    deliveryStream: keyOf(stream),
  });
  return {};
};

export const deleteDeliveryStreamChange: Change<DeleteDeliveryStreamCommand> = {
  type: 'DeleteDeliveryStream',
  apply(state, { deliveryStream: key, dueMs }) {
    const stream = deliveryStreamAt(state, key);
    // Asked again while it is DELETING, AWS takes it as done.
    if (stream.status === 'DELETING') return;
    if (stream.status === 'CREATING')
      throw resourceInUse(`Firehose ${stream.name} under account ${stream.account} is in CREATING state.`);
    stream.status = 'DELETING';
    stream.dueMs = dueMs;
  },
};
