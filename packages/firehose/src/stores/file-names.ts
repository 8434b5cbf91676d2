const nameBytes = 255;

/**
 * The files' names of one part of a path that came from outside, folders of its beginning before the last where it is too long.
 * What a file system would not take literally ('.', '..', an empty part) has each such character written as %2E or %2F, as in
 * a URL.
 */
export function fileNames(part: string): string[] {
  if (part === '') return ['%2F'];
  const pieces = [''];
  for (const character of part) {
    if (Buffer.byteLength(pieces.at(-1)! + character) > nameBytes) pieces.push('');
    pieces[pieces.length - 1] += character;
  }
  return pieces.map((piece) => (piece === '.' || piece === '..' ? piece.replaceAll('.', '%2E') : piece));
}
