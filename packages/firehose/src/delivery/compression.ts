import type { CompressionFormat, ExtendedS3DestinationDescription } from '@millrace/model/firehose';
import { createGzip } from 'node:zlib';

/** Takes the pieces of a body one after the other; `finish` answers what they became. */
export interface Compressor {
  add(piece: Buffer): Promise<void> | void;
  finish(): Promise<readonly Buffer[]>;
  /** Lets go of what a body that is not finished holds. */
  discard(): void;
}

/** The formats that there are, by their names in the API. */
export type Compressors = Partial<Record<CompressionFormat, () => Compressor>>;

/** Compression on libuv's threads. */
export const compressors: Compressors = { UNCOMPRESSED: uncompressed, GZIP: gzip };

const extensions: Readonly<Record<CompressionFormat, string>> = {
  UNCOMPRESSED: '',
  GZIP: '.gz',
  ZIP: '.zip',
  Snappy: '.snappy',
  HADOOP_SNAPPY: '.hsnappy',
};

/** What an object's name ends with. */
export function extensionOf({
  FileExtension: own,
  CompressionFormat: format,
}: Pick<ExtendedS3DestinationDescription, 'FileExtension' | 'CompressionFormat'>): string {
  return own === undefined || own === '' ? extensions[format] : own;
}

function uncompressed(): Compressor {
  const pieces: Buffer[] = [];
  return {
    add: (piece) => void pieces.push(piece),
    finish: () => Promise.resolve(pieces),
    discard: () => void (pieces.length = 0),
  };
}

/** `add` resolves when the piece is taken in, so one piece at a time waits. */
function gzip(): Compressor {
  const stream = createGzip();
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  const ended = new Promise<void>((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('error', reject);
  });
  // Who only discards does not wait for it.
  ended.catch(() => undefined);
  return {
    add: (piece) =>
      new Promise((resolve, reject) => stream.write(piece, (error) => (error ? reject(error) : resolve()))),
    async finish() {
      stream.end();
      await ended;
      return pieces;
    },
    discard: () => void stream.destroy(),
  };
}
