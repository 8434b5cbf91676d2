import type { Handler } from '../handler.ts';
import { taggedResource } from '../tagged-resource.ts';
import { listTags } from '../tags.ts';

/** The tags of a stream or a consumer. */
export const listTagsForResource: Handler<'ListTagsForResource'> = (service, input) => ({
  Tags: listTags(taggedResource(service.state, input.ResourceARN)),
});
