const compressed = ['.gz', '.bz2', '.zip'];

/**
 * A test of file names by a glob as Java's PathMatcher knows it: *, ?, [abc], [!abc], [a-z], {one,other}, backslash. Compressed files
 * never match: what was rotated and compressed has been read.
 */
export function fileNameMatcher(glob: string): (name: string) => boolean {
  const pattern = new RegExp(`^${translate(glob)}$`, 's');
  return (name) => pattern.test(name) && !compressed.some((extension) => name.toLowerCase().endsWith(extension));
}

function translate(glob: string): string {
  let result = '';
  let depth = 0;
  for (let at = 0; at < glob.length; at += 1) {
    const character = glob[at]!;
    const end = character === '[' ? glob.indexOf(']', at + 2) : -1;
    if (character === '*') result += '.*';
    else if (character === '?') result += '.';
    else if (end !== -1) {
      const inside = glob.slice(at + 1, end).replace(/[\\[\]^]/g, '\\$&');
      result += `[${inside.startsWith('!') ? `^${inside.slice(1)}` : inside}]`;
      at = end;
    } else if (character === '{') {
      depth += 1;
      result += '(?:';
    } else if (character === '}' && depth > 0) {
      depth -= 1;
      result += ')';
    } else if (character === ',' && depth > 0) result += '|';
    else result += (character === '\\' ? (glob[(at += 1)] ?? '\\') : character).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  return result + ')'.repeat(depth);
}
