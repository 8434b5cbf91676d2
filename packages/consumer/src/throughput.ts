import type { Clock } from '@millrace/world';

const windowMs = 30_000;

/** The mean of what was read over about the last half minute; older reading fades. */
export class Throughput {
  readonly #clock: Clock;
  #kbps: number;
  #bytes = 0;
  #sinceMs: number;

  /** `kbps` is what the shard's former reader had. */
  constructor(clock: Clock, kbps = 0) {
    this.#clock = clock;
    this.#kbps = kbps;
    this.#sinceMs = clock.monotonicMs();
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** To four decimals, as KCL writes it. */
  get kbps(): number {
    const now = this.#clock.monotonicMs();
    const passedMs = now - this.#sinceMs;
    if (passedMs >= 500) {
      const left = Math.exp(-passedMs / windowMs);
      this.#kbps = this.#kbps * left + (this.#bytes / 1024 / passedMs) * 1000 * (1 - left);
      [this.#bytes, this.#sinceMs] = [0, now];
    }
    return Math.round(this.#kbps * 10_000) / 10_000;
  }
}
