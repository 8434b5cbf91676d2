import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import type { Compressor } from './compression.ts';
import { OneAhead } from './one-ahead.ts';

/** What is written to `input` comes out of `output`, compressed; any of `failing` may say that it does not. */
export function streamed(
  input: Writable,
  { output, failing }: { readonly output: NodeJS.ReadableStream; readonly failing: readonly EventEmitter[] },
): Compressor {
  const taken = new OneAhead(input);
  const pieces: Buffer[] = [];
  output.on('data', (piece: Buffer) => pieces.push(piece));
  const ended = new Promise<void>((resolve, reject) => {
    output.once('end', resolve);
    for (const each of failing) each.once('error', reject);
  });
  // Who only discards does not wait for it.
  ended.catch(() => undefined);
  return {
    add: (piece) => taken.write(piece),
    async finish() {
      await taken.end();
      await ended;
      return pieces;
    },
    discard: () => void input.destroy(),
  };
}
