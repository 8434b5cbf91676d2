import type { Change } from '../change.ts';
import type { Handler } from '../handler.ts';
import { taggedResource } from '../tagged-resource.ts';

export interface UntagResourceCommand {
  readonly type: 'UntagResource';
  readonly atMs: number;
  readonly arn: string;
  readonly keys: readonly string[];
}

/** Removes tags of a stream or a consumer. */
export const untagResource: Handler<'UntagResource'> = async (service, input) => {
  taggedResource(service.state, input.ResourceARN);
  await service.change({
    type: 'UntagResource',
    atMs: service.world.clock.now(),
    arn: input.ResourceARN,
    keys: input.TagKeys,
  });
  return {};
};

export const untagResourceChange: Change<UntagResourceCommand> = {
  type: 'UntagResource',
  apply(state, { arn, keys }) {
    const tags = taggedResource(state, arn);
    for (const key of keys) tags.delete(key);
  },
};
