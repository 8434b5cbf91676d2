import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { PayloadCodec } from './codec.ts';

/** Those whose output says what it is by its first bytes. Deflate and Brotli have none, and are not offered. */
export type CompressionName = 'gzip' | 'zstd';

export interface CompressionOptions {
  /** What to compress with; what is read may be of any kind. */
  readonly algorithm?: CompressionName;
  /** 1 to 9 for gzip, 1 to 22 for zstd; as zlib has it where it is left out (6 and 3). */
  readonly level?: number;
  /** A payload that would be larger than this when it is read is an error: it could be made to fill the memory. */
  readonly maxBytes?: number;
}

/** RFC 1952 (magic number, and deflate, the one method) and RFC 8878 (magic number of a frame). */
const magicNumbers: Readonly<Record<CompressionName, Buffer>> = {
  gzip: Buffer.from([0x1f, 0x8b, 0x08]),
  zstd: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
};

/** Below it a call on this thread costs less than a way to another one and back. */
const threadBytes = 16_384;
const usualMaxBytes = 64 << 20;

/** What the payload was compressed with, as its first bytes say. */
export function compressionOf(data: Uint8Array): CompressionName | undefined {
  for (const [name, magic] of Object.entries(magicNumbers))
    if (magic.every((byte, at) => data[at] === byte)) return name as CompressionName;
  return undefined;
}

/**
 * Compresses payloads, each for itself. One that does not shrink stays as it is, unless it begins as a compressed one does: so
 * what a reader gets says by its first bytes whether it is to be decompressed, once, whatever the payload was.
 *
 * Reading leaves alone what does not begin as compressed, and what begins so but is not (a producer that does not compress put
 * it). Throws RangeError for a payload of more than `maxBytes`.
 */
export function compression({
  algorithm = 'gzip',
  level,
  maxBytes = usualMaxBytes,
}: CompressionOptions = {}): PayloadCodec {
  const { sync, threaded } = compressors(algorithm, level);
  return {
    encode(data) {
      if (data.length <= threadBytes) return smaller(data, sync(data));
      return threaded(data).then((compressed) => smaller(data, compressed));
    },
    decode(data) {
      const name = compressionOf(data);
      return name === undefined ? data : decompressed(data, name, maxBytes);
    },
  };
}

function smaller(data: Uint8Array, compressed: Uint8Array): Uint8Array {
  return compressed.length < data.length || compressionOf(data) !== undefined ? compressed : data;
}

interface Compressors {
  sync(data: Uint8Array): Uint8Array;
  threaded(data: Uint8Array): Promise<Uint8Array>;
}

function compressors(algorithm: CompressionName, level: number | undefined): Compressors {
  if (algorithm === 'gzip') {
    const options = { ...(level !== undefined && { level }) };
    const threaded = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gzip);
    return check({ sync: (data) => zlib.gzipSync(data, options), threaded: (data) => threaded(data, options) });
  }
  if (algorithm !== 'zstd') throw new RangeError(`${String(algorithm)} is no compression: gzip or zstd`);
  const options = { params: { ...(level !== undefined && { [zlib.constants.ZSTD_c_compressionLevel]: level }) } };
  const threaded = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdCompress);
  return check({ sync: (data) => zlib.zstdCompressSync(data, options), threaded: (data) => threaded(data, options) });
}

/** A level that zlib refuses is refused when it is said, not when the first record comes. */
function check(made: Compressors): Compressors {
  made.sync(Buffer.alloc(1));
  return made;
}

async function decompressed(data: Uint8Array, name: CompressionName, maxOutputLength: number): Promise<Uint8Array> {
  const options = { maxOutputLength };
  try {
    if (name === 'gzip') return await promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip)(data, options);
    return await promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)(data, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new RangeError(`a ${name} payload of more than ${maxOutputLength} bytes`, { cause: error });
    return data;
  }
}
