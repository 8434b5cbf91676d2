import type { Handler } from '../handler.ts';
import { findStream } from '../stream-lookup.ts';
import { listTags } from '../tags.ts';

/** Tags by key, `Limit` (default 50) a page. */
export const listTagsForStream: Handler<'ListTagsForStream'> = (service, input, context) => {
  service.limits.call('ListTagsForStream', context.account, context.region);
  const stream = findStream(service.state, input, context);
  const { ExclusiveStartTagKey: after } = input;
  const all = listTags(stream.tags).filter(({ Key }) => after === undefined || Key > after);
  const page = all.slice(0, input.Limit ?? 50);
  return { Tags: page, HasMoreTags: page.length < all.length };
};
