import type { Writable } from 'node:stream';

/**
 * Writes to a stream one piece ahead: resolves when the piece before is taken in, so that the next is read from the log while
 * another thread compresses this one.
 */
export class OneAhead {
  readonly #stream: Writable;
  #last: Promise<void> = Promise.resolve();

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  write(piece: Buffer): Promise<void> {
    const before = this.#last;
    this.#last = new Promise((resolve, reject) => {
      this.#stream.write(piece, (error) => (error ? reject(error) : resolve()));
    });
    // Who only discards does not wait for it.
    this.#last.catch(() => undefined);
    return before;
  }

  /** Resolves when all pieces are taken in, and the stream knows that there are no more. */
  async end(): Promise<void> {
    await this.#last;
    this.#stream.end();
  }
}
