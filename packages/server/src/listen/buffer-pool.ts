/**
 * Large buffers that are used again. V8 collects all garbage after every 64 MB that buffers took, so each body in memory of its
 * own costs a part of that: a third of the CPU of PutRecords of 1 KiB (docs/performance.md).
 */
export class BufferPool {
  readonly #mostBytes: number;
  /** Those given back last are at the end: they are the likeliest to be in the processor's caches. */
  readonly #free: Buffer[] = [];
  #freeBytes = 0;
  /** The least that was free since the last look. */
  #unusedBytes = 0;

  /** Keeps up to `mostBytes` that nobody uses. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** A buffer of this length, whatever stands in it. Who never gives it back does no harm. */
  take(length: number): Buffer {
    for (let at = this.#free.length - 1; at >= 0; at -= 1) {
      const buffer = this.#free[at]!;
      if (buffer.length < length || buffer.length > length * 4) continue;
      this.#free.splice(at, 1);
      this.#freeBytes -= buffer.length;
      this.#unusedBytes = Math.min(this.#unusedBytes, this.#freeBytes);
      return buffer.subarray(0, length);
    }
    // Bodies of a producer differ by little: room for the next one too.
    return Buffer.allocUnsafeSlow(Math.ceil(length / smallest) * smallest).subarray(0, length);
  }

  /** Whoever gives a buffer back, and all that have views of it, must not look at it any more. */
  give(buffer: Buffer): void {
    const whole = Buffer.from(buffer.buffer as ArrayBuffer);
    if (whole.length < smallest || this.#freeBytes + whole.length > this.#mostBytes) return;
    this.#free.push(whole);
    this.#freeBytes += whole.length;
  }

  /** Lets go of what nobody needed since the last time. */
  sweep(): void {
    while (this.#free.length > 0 && this.#free[0]!.length <= this.#unusedBytes) {
      const { length } = this.#free.shift()!;
      this.#freeBytes -= length;
      this.#unusedBytes -= length;
    }
    this.#unusedBytes = this.#freeBytes;
  }
}

const smallest = 64 << 10;
