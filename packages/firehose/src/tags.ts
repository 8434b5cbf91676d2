import type { Tag } from '@millrace/model/firehose';
import { invalidArgument, limitExceeded } from './errors.ts';

/** "Each Firehose stream can have up to 50 tags." */
const tagsPerDeliveryStream = 50;

/** Tags as a command carries them; a tag without a value has an empty one. Throws for a key that is given twice. */
export function tagsOf(tags: readonly Tag[]): [string, string][] {
  const pairs = tags.map(({ Key, Value }): [string, string] => [Key, Value ?? '']);
  if (new Set(pairs.map(([key]) => key)).size < pairs.length)
    throw invalidArgument('Tag keys must be unique within a request.');
  return pairs;
}

/** Adds tags in a change; throws before it touches anything. */
export function addTags(tags: Map<string, string>, added: readonly (readonly [string, string])[]): void {
  if (tags.size + added.filter(([key]) => !tags.has(key)).length > tagsPerDeliveryStream)
    throw limitExceeded(`A Firehose can have at most ${tagsPerDeliveryStream} tags.`);
  for (const [key, value] of added) tags.set(key, value);
}
