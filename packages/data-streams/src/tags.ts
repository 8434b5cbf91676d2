import { invalidArgument, limitExceeded } from './errors.ts';

/** AWS allows 50 tags a resource. */
export const tagsPerResource = 50;
const valid = /^[\p{L}\p{Z}\p{N}_.:/=+\-@%]*$/u;

/** Throws in AWS's words (recorded) for characters that tags cannot have. */
export function checkTagCharacters(texts: Iterable<string>, refused: string): void {
  let percent = false;
  for (const text of texts) {
    if (!valid.test(text)) {
      throw invalidArgument(
        'Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.',
      );
    }
    percent ||= text.includes('%');
  }
  // AWS's two checks disagree about the percent sign: the first names it as valid, the second refuses it.
  if (percent) {
    throw invalidArgument(
      `Failed to ${refused} because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.`,
    );
  }
}

/** Adds tags in a change; throws before it touches anything. */
export function addTags(tags: Map<string, string>, added: Readonly<Record<string, string>>, owner: string): void {
  const keys = Object.keys(added);
  if (tags.size + keys.filter((key) => !tags.has(key)).length > tagsPerResource) {
    throw limitExceeded(
      `Failed to add tags to ${owner} because a given resource cannot have more than ${tagsPerResource} tags associated with it.`,
    );
  }
  for (const key of keys) tags.set(key, added[key]!);
}

/** Tags as the API lists them, by key. */
export function listTags(tags: ReadonlyMap<string, string>): { Key: string; Value: string }[] {
  return [...tags].sort(([a], [b]) => (a < b ? -1 : 1)).map(([Key, Value]) => ({ Key, Value }));
}
