import { PatternError } from './pattern-error.ts';

/**
 * A matcher of texts: `*` stands for any number of characters, `\*` and `\\` for themselves. Throws PatternError for two stars in a
 * row and for other escapes. Takes time in proportion to the text and the pattern, whatever they are.
 */
export function wildcardMatcher(pattern: string): (text: string) => boolean {
  const parts = [''];
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern[at]!;
    if (letter === '*') {
      if (pattern[at + 1] === '*') throw new PatternError('two stars in a row');
      parts.push('');
      continue;
    }
    if (letter === '\\') {
      at += 1;
      if (pattern[at] !== '*' && pattern[at] !== '\\')
        throw new PatternError('an escape of something else than * and \\');
    }
    parts[parts.length - 1]! += pattern[at]!;
  }
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (parts.length === 1) return (text) => text === first;
  const middle = parts.slice(1, -1);
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let from = first.length;
    // The earliest place of each part leaves the most for the next.
    for (const part of middle) {
      const found = text.indexOf(part, from);
      if (found === -1 || found + part.length > end) return false;
      from = found + part.length;
    }
    return true;
  };
}
