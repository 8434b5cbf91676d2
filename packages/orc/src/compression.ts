import { deflateRawSync } from 'node:zlib';
import { compress as snappy } from 'snappyjs';
import type { OrcSettings } from './options.ts';

/** One chunk of a stream to its compressed bytes. */
export type Compress = (chunk: Uint8Array) => Uint8Array;

/** The level of ORC's Java writer when it is told to be fast, which is its default. */
const zlibLevel = 2;

/** Undefined: streams go without compression and without chunk headers. */
export function compressor(kind: OrcSettings['Compression']): Compress | undefined {
  if (kind === 'NONE') return undefined;
  return kind === 'ZLIB' ? (chunk) => deflateRawSync(chunk, { level: zlibLevel }) : (chunk) => snappy(chunk);
}

/** The header's 24 bits are the length and one flag. */
const headerBytes = 3;

/**
 * A chunk as it stands in the file: three bytes of little-endian `length * 2 + isOriginal`, then the compressed bytes, or the
 * original ones where compression does not make them fewer.
 */
export function compressedChunk(chunk: Uint8Array, compress: Compress): Uint8Array {
  const compressed = compress(chunk);
  const isOriginal = compressed.length >= chunk.length;
  const body = isOriginal ? chunk : compressed;
  const bytes = new Uint8Array(headerBytes + body.length);
  const header = body.length * 2 + (isOriginal ? 1 : 0);
  bytes[0] = header & 0xff;
  bytes[1] = (header >>> 8) & 0xff;
  bytes[2] = header >>> 16;
  bytes.set(body, headerBytes);
  return bytes;
}
