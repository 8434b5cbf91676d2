import type { Writable } from 'node:stream';

/**
 * Writes pieces as fast as the client takes them and no faster: the next is asked for when the last has gone. When the client
 * leaves, the source is told by its `return`. Answers whether all of it was written; ending the target is the caller's.
 */
export async function writePieces(pieces: AsyncIterable<Uint8Array>, target: Writable): Promise<boolean> {
  let closed = target.destroyed;
  let wake: (() => void) | undefined;
  const closing = (): void => {
    closed = true;
    wake?.();
  };
  target.once('close', closing);
  try {
    for await (const piece of pieces) {
      if (closed) break;
      if (!target.write(piece)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          target.once('drain', resolve);
          if (closed) resolve();
        });
      }
      if (closed) break;
    }
  } finally {
    target.removeListener('close', closing);
  }
  return !closed;
}
