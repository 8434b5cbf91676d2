import type { Change } from '../change.ts';
import { deliveryStreamAt, findDeliveryStream, keyOf } from '../delivery-stream-lookup.ts';
import type { Handler } from '../handler.ts';

export interface UntagDeliveryStreamCommand {
  readonly type: 'UntagDeliveryStream';
  readonly atMs: number;
  readonly deliveryStream: string;
  readonly keys: readonly string[];
}

/** "If you specify a tag that doesn't exist, the operation ignores it." */
export const untagDeliveryStream: Handler<'UntagDeliveryStream'> = async (service, input, context) => {
  const stream = findDeliveryStream(service.state, input.DeliveryStreamName, context);
  await service.change({
    type: 'UntagDeliveryStream',
    atMs: service.world.clock.now(),
    deliveryStream: keyOf(stream),
    keys: input.TagKeys,
  });
  return {};
};

export const untagDeliveryStreamChange: Change<UntagDeliveryStreamCommand> = {
  type: 'UntagDeliveryStream',
  apply(state, { deliveryStream, keys }) {
    const { tags } = deliveryStreamAt(state, deliveryStream);
    for (const key of keys) tags.delete(key);
  },
};
