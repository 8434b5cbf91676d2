import type { World } from '@millrace/world';
import { PassThrough } from 'node:stream';
import { ZipFile } from 'yazl';
import { deflateLevel } from './deflate-level.ts';
import type { Compressor } from './compression.ts';
import { OneAhead } from './one-ahead.ts';

/** An archive with one deflated entry, whose name is a UUID as at AWS. Deflated on libuv's threads, a piece at a time. */
export function zip({ clock, random }: Pick<World, 'clock' | 'random'>): Compressor {
  const archive = new ZipFile();
  const entry = new PassThrough();
  const taken = new OneAhead(entry);
  const pieces: Buffer[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    archive.once('error', reject);
    entry.once('error', reject);
    archive.outputStream.on('data', (piece: Buffer) => pieces.push(piece));
    archive.outputStream.once('end', resolve);
  });
  // Who only discards does not wait for it.
  ended.catch(() => undefined);
  archive.addReadStream(entry, random.uuid(), { mtime: new Date(clock.now()), compressionLevel: deflateLevel });
  archive.end();
  return {
    add: (piece) => taken.write(piece),
    async finish() {
      await taken.end();
      await ended;
      return pieces;
    },
    discard: () => void entry.destroy(),
  };
}
