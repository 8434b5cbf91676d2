/**
 * Memory that several share: bodies that come in, answers that go out. Who finds it spent waits in turn; a piece larger than
 * all of it waits until it is alone.
 */
export class ByteBudget {
  readonly capacity: number;
  readonly #waiting: { bytes: number; resume(): void }[] = [];
  used = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Undefined when there is room now. */
  acquire(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.used += bytes;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push({ bytes, resume: resolve }));
  }

  release(bytes: number): void {
    this.used -= bytes;
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.bytes)) {
      const { bytes: wanted, resume } = this.#waiting.shift()!;
      this.used += wanted;
      resume();
    }
  }

  #fits(bytes: number): boolean {
    return this.used === 0 || this.used + bytes <= this.capacity;
  }
}
