import type { Change } from '../change.ts';
import type { Handler } from '../handler.ts';
import { taggedResource } from '../tagged-resource.ts';
import { addTags, checkTagCharacters } from '../tags.ts';

export interface TagResourceCommand {
  readonly type: 'TagResource';
  readonly atMs: number;
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Adds or overwrites tags of a stream or a consumer. */
export const tagResource: Handler<'TagResource'> = async (service, input) => {
  taggedResource(service.state, input.ResourceARN);
  checkTagCharacters(Object.entries(input.Tags).flat(), `add tags to ${input.ResourceARN}`);
  await service.change({
    type: 'TagResource',
    atMs: service.world.clock.now(),
    arn: input.ResourceARN,
    tags: input.Tags,
  });
  return {};
};

export const tagResourceChange: Change<TagResourceCommand> = {
  type: 'TagResource',
  apply: (state, { arn, tags }) => addTags(taggedResource(state, arn), tags, arn),
};
