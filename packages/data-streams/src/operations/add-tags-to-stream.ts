import type { Change } from '../change.ts';
import type { Handler } from '../handler.ts';
import { findStream, keyOf, streamAt } from '../stream-lookup.ts';
import { addTags, checkTagCharacters } from '../tags.ts';

export interface AddTagsToStreamCommand {
  readonly type: 'AddTagsToStream';
  readonly atMs: number;
  readonly stream: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Adds or overwrites tags, 50 a stream at most. */
export const addTagsToStream: Handler<'AddTagsToStream'> = async (service, input, context) => {
  service.limits.call('AddTagsToStream', context.account, context.region);
  const stream = findStream(service.state, input, context);
  checkTagCharacters(
    Object.entries(input.Tags).flat(),
    `add tags to stream ${stream.name} under account ${stream.account}`,
  );
  await service.change({
    type: 'AddTagsToStream',
    atMs: service.world.clock.now(),
    stream: keyOf(stream),
    tags: input.Tags,
  });
  return {};
};

export const addTagsToStreamChange: Change<AddTagsToStreamCommand> = {
  type: 'AddTagsToStream',
  apply(state, { stream: key, tags }) {
    const stream = streamAt(state, key);
    addTags(stream.tags, tags, `stream ${stream.name} under account ${stream.account}`);
  },
};
