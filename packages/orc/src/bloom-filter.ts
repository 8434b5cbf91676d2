import type { Hash } from './hashing.ts';
import { Message } from './message.ts';

/** A filter is sized for a row group; a larger stride than this makes it no larger, or it would outgrow the stripe. */
const mostEntries = 1_000_000;
/** Zero would ask for an endless filter. */
const leastProbability = 1e-9;

/** One row group's bloom filter, in the bits and hashes of ORC's BLOOM_FILTER_UTF8 streams. */
export class BloomFilter {
  readonly #bits: Uint8Array;
  readonly #bitCount: number;
  readonly #hashes: number;

  /** `entries`: values it is made for. */
  constructor(entries: number, falsePositiveProbability: number) {
    const expected = Math.min(entries, mostEntries);
    const probability = Math.max(falsePositiveProbability, leastProbability);
    const wanted = Math.floor((-expected * Math.log(probability)) / Math.LN2 ** 2);
    this.#bitCount = wanted + (64 - (wanted % 64));
    this.#hashes = Math.max(1, Math.round((this.#bitCount / expected) * Math.LN2));
    this.#bits = new Uint8Array(this.#bitCount / 8);
  }

  get byteLength(): number {
    return this.#bits.length;
  }

  add({ high, low }: Hash): void {
    for (let index = 1; index <= this.#hashes; index += 1) {
      const combined = (low + Math.imul(index, high)) | 0;
      const position = (combined < 0 ? ~combined : combined) % this.#bitCount;
      this.#bits[position >>> 3]! |= 1 << (position & 7);
    }
  }

  /** The BloomFilter message; begins anew. */
  take(): Message {
    const message = new Message().uint(1, this.#hashes).bytes(3, this.#bits);
    this.#bits.fill(0);
    return message;
  }
}
