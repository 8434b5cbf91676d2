import { Rotation } from './rotation.ts';

/** How many may do something at once; the others wait in turn, function by function. */
export class Slots {
  readonly #waiting = new Rotation<() => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  take(key: string): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.add(key, resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
