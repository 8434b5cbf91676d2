import { findDeliveryStream } from '../delivery-stream-lookup.ts';
import type { Handler } from '../handler.ts';

const mostTags = 50;

/** Tags by key, fifty at most. */
export const listTagsForDeliveryStream: Handler<'ListTagsForDeliveryStream'> = (service, input, context) => {
  const { tags } = findDeliveryStream(service.state, input.DeliveryStreamName, context);
  const { ExclusiveStartTagKey: after = '', Limit: limit = mostTags } = input;
  const found = [...tags]
    .filter(([key]) => key > after)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([Key, Value]) => ({ Key, Value }));
  return { Tags: found.slice(0, limit), HasMoreTags: found.length > limit };
};
