import { compressedChunk } from './compression.ts';
import type { Compress } from './compression.ts';

/** How streams are cut and compressed. */
export interface Chunking {
  readonly chunkBytes: number;
  readonly compress: Compress | undefined;
}

const firstBytes = 1024;

/** One stream of a stripe: bytes in, chunks out. Memory is what was written, compressed but for the last chunk. */
export class OutputStream {
  readonly #chunking: Chunking;
  #done: Uint8Array[] = [];
  #doneBytes = 0;
  #current: Buffer = Buffer.allocUnsafe(firstBytes);
  #used = 0;

  constructor(chunking: Chunking) {
    this.#chunking = chunking;
  }

  write(source: Uint8Array): void {
    const { chunkBytes } = this.#chunking;
    let from = 0;
    while (from < source.length) {
      // Only when more comes: a position at the end of what was written then lies within the chunk, as readers are used to.
      if (this.#used === chunkBytes) this.#spill();
      const part = Math.min(chunkBytes - this.#used, source.length - from);
      this.#reserve(part);
      this.#current.set(part === source.length ? source : source.subarray(from, from + part), this.#used);
      this.#used += part;
      from += part;
    }
  }

  /** Adds where the next byte will stand: the chunk's place in the stream, if there are chunks, and the byte's place in it. */
  position(into: number[]): void {
    if (this.#chunking.compress === undefined) into.push(this.#doneBytes + this.#used);
    else into.push(this.#doneBytes, this.#used);
  }

  /** Bytes in memory; the file's will be as many or fewer. */
  get heldBytes(): number {
    return this.#doneBytes + this.#used;
  }

  /** The stream as it goes to the file; begins anew. */
  take(): Taken {
    this.#spill();
    const taken = { chunks: this.#done, byteLength: this.#doneBytes };
    this.#done = [];
    this.#doneBytes = 0;
    return taken;
  }

  #spill(): void {
    if (this.#used === 0) return;
    const { compress } = this.#chunking;
    const chunk = this.#current.subarray(0, this.#used);
    const bytes = compress === undefined ? new Uint8Array(chunk) : compressedChunk(chunk, compress);
    this.#done.push(bytes);
    this.#doneBytes += bytes.length;
    this.#used = 0;
  }

  #reserve(count: number): void {
    const wanted = this.#used + count;
    if (wanted <= this.#current.length) return;
    const size = Math.min(this.#chunking.chunkBytes, Math.max(wanted, this.#current.length * 4));
    const larger = Buffer.allocUnsafe(size);
    this.#current.copy(larger, 0, 0, this.#used);
    this.#current = larger;
  }
}

export interface Taken {
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
}
