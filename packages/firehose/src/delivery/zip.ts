import type { World } from '@millrace/world';
import { PassThrough } from 'node:stream';
import { ZipFile } from 'yazl';
import { deflateLevel } from './deflate-level.ts';
import type { Compressor } from './compression.ts';
import { streamed } from './streamed.ts';

/** An archive with one deflated entry, whose name is a UUID as at AWS. Deflated on libuv's threads, a piece at a time. */
export function zip({ clock, random }: Pick<World, 'clock' | 'random'>): Compressor {
  const archive = new ZipFile();
  const entry = new PassThrough();
  const body = streamed(entry, { output: archive.outputStream, failing: [archive, entry] });
  archive.addReadStream(entry, random.uuid(), { mtime: new Date(clock.now()), compressionLevel: deflateLevel });
  archive.end();
  return body;
}
