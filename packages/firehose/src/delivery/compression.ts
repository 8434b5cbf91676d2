import type { CompressionFormat, ExtendedS3DestinationDescription } from '@millrace/model/firehose';
import type { World } from '@millrace/world';
import { createGzip } from 'node:zlib';
import { conversionOf } from '../conversion/settings.ts';
import { deflateLevel } from './deflate-level.ts';
import { hadoopSnappy, snappyJava } from './snappy.ts';
import { streamed } from './streamed.ts';
import { zip } from './zip.ts';

/** Takes the pieces of a body one after the other; `finish` answers what they became. */
export interface Compressor {
  add(piece: Buffer): Promise<void> | void;
  finish(): Promise<readonly Buffer[]>;
  /** Lets go of what a body that is not finished holds. */
  discard(): void;
}

/** The formats that there are, by their names in the API. */
export type Compressors = Partial<Record<CompressionFormat, (world: Pick<World, 'clock' | 'random'>) => Compressor>>;

/** GZIP and ZIP compress on libuv's threads, Snappy, which takes a tenth of their time, in short turns on this one. */
export const compressors: Required<Compressors> = {
  UNCOMPRESSED: uncompressed,
  GZIP: gzip,
  ZIP: zip,
  Snappy: snappyJava,
  HADOOP_SNAPPY: hadoopSnappy,
};

/**
 * What an object's name ends with, and what its Content-Encoding says, as objects that AWS delivered have them: its guide has
 * .hsnappy for Hadoop's Snappy, the service writes .snappy.
 */
const objects: Readonly<Record<CompressionFormat, readonly [extension: string, contentEncoding?: string]>> = {
  UNCOMPRESSED: [''],
  GZIP: ['.gz', 'gzip'],
  ZIP: ['.zip', 'zip'],
  Snappy: ['.snappy', 'snappy-java'],
  HADOOP_SNAPPY: ['.snappy', 'hadoop-snappy'],
};

/** What an object's name ends with. */
export function extensionOf(
  s3: Pick<
    ExtendedS3DestinationDescription,
    'FileExtension' | 'CompressionFormat' | 'DataFormatConversionConfiguration'
  >,
): string {
  if (s3.FileExtension !== undefined && s3.FileExtension !== '') return s3.FileExtension;
  const serializer = conversionOf(s3)?.OutputFormatConfiguration.Serializer;
  if (serializer === undefined) return objects[s3.CompressionFormat][0];
  return serializer.ParquetSerDe === undefined ? '.orc' : '.parquet';
}

/** What says how an object is compressed: two formats have the same extension. */
export function contentEncodingOf(format: CompressionFormat): string | undefined {
  return objects[format][1];
}

function uncompressed(): Compressor {
  const pieces: Buffer[] = [];
  return {
    add: (piece) => void pieces.push(piece),
    finish: () => Promise.resolve(pieces),
    discard: () => void (pieces.length = 0),
  };
}

function gzip(): Compressor {
  const stream = createGzip({ level: deflateLevel });
  return streamed(stream, { output: stream, failing: [stream] });
}
