import type { Change } from '../change.ts';
import type { Handler } from '../handler.ts';
import { findStream, keyOf, streamAt } from '../stream-lookup.ts';
import { checkTagCharacters } from '../tags.ts';

export interface RemoveTagsFromStreamCommand {
  readonly type: 'RemoveTagsFromStream';
  readonly atMs: number;
  readonly stream: string;
  readonly keys: readonly string[];
}

/** Removes tags; keys that are not there are fine. */
export const removeTagsFromStream: Handler<'RemoveTagsFromStream'> = async (service, input, context) => {
  service.limits.call('RemoveTagsFromStream', context.account, context.region);
  const stream = findStream(service.state, input, context);
  checkTagCharacters(input.TagKeys, `remove tags from stream ${stream.name} under account ${stream.account}`);
  await service.change({
    type: 'RemoveTagsFromStream',
    atMs: service.world.clock.now(),
    stream: keyOf(stream),
    keys: input.TagKeys,
  });
  return {};
};

export const removeTagsFromStreamChange: Change<RemoveTagsFromStreamCommand> = {
  type: 'RemoveTagsFromStream',
  apply(state, { stream: key, keys }) {
    const { tags } = streamAt(state, key);
    for (const tag of keys) tags.delete(tag);
  },
};
