import { createHash } from 'node:crypto';

/** How much of a file's beginning and of what stands before a place tells that the place is in the same content. */
export const headBytes = 1024;
export const tailBytes = 256;

/**
 * What a content is recognized by up to an offset: hashes of its beginning and of the bytes before the offset. Inode and size are
 * not enough: a truncated file may have grown beyond the offset again, an inode may have been given to another file, and what was
 * copied before a truncation has another inode.
 */
export interface Fingerprint {
  readonly headLength: number;
  readonly headHash: string;
  readonly tailLength: number;
  readonly tailHash: string;
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `head` are the first bytes of the content, as many as are known; `tail` the last before the offset. */
export function fingerprintOf(offset: number, head: Uint8Array, tail: Uint8Array): Fingerprint {
  const known = head.subarray(0, Math.min(headBytes, offset));
  return { headLength: known.length, headHash: hashOf(known), tailLength: tail.length, tailHash: hashOf(tail) };
}
