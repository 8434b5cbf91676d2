import type { World } from '@millrace/world';

const pieceBytes = 1 << 20;

interface Line {
  /** Without its end. */
  readonly text: string;
  /** The place behind it. */
  readonly end: number;
  /** False of a last one that has no end: what is written behind it would stand on the same line. */
  readonly isEnded: boolean;
}

/** The lines of a file. */
export async function* readLines(world: World, path: string): AsyncGenerator<Line> {
  const file = await world.disk.open(path, 'read');
  try {
    const piece = Buffer.allocUnsafe(pieceBytes);
    let [rest, at] = [Buffer.alloc(0), 0];
    for (;;) {
      const count = await file.read(piece, 0, pieceBytes, at + rest.length);
      if (count === 0) break;
      let bytes = Buffer.concat([rest, piece.subarray(0, count)]);
      for (let end = bytes.indexOf(10, rest.length); end !== -1; end = bytes.indexOf(10)) {
        at += end + 1;
        yield { text: bytes.toString('utf8', 0, end), end: at, isEnded: true };
        bytes = bytes.subarray(end + 1);
      }
      rest = bytes;
    }
    if (rest.length > 0) yield { text: rest.toString(), end: at + rest.length, isEnded: false };
  } finally {
    await file.close();
  }
}
