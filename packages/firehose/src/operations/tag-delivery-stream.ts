import type { Change } from '../change.ts';
import { deliveryStreamAt, findDeliveryStream, keyOf } from '../delivery-stream-lookup.ts';
import type { Handler } from '../handler.ts';
import { addTags, tagsOf } from '../tags.ts';

export interface TagDeliveryStreamCommand {
  readonly type: 'TagDeliveryStream';
  readonly atMs: number;
  readonly deliveryStream: string;
  readonly tags: readonly (readonly [string, string])[];
}

/** Adds or overwrites tags. */
export const tagDeliveryStream: Handler<'TagDeliveryStream'> = async (service, input, context) => {
  const stream = findDeliveryStream(service.state, input.DeliveryStreamName, context);
  await service.change({
    type: 'TagDeliveryStream',
    atMs: service.world.clock.now(),
    deliveryStream: keyOf(stream),
    tags: tagsOf(input.Tags),
  });
  return {};
};

export const tagDeliveryStreamChange: Change<TagDeliveryStreamCommand> = {
  type: 'TagDeliveryStream',
  apply: (state, { deliveryStream, tags }) => addTags(deliveryStreamAt(state, deliveryStream).tags, tags),
};
