/**
 * A budget that refills steadily up to its capacity. Exact: with integral milliseconds nothing is lost to rounding, since
 * the level is kept as tokens times 1,000.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #capacity: number;
  #level: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number, capacity = perSecond) {
    this.#perSecond = perSecond;
    this.#capacity = capacity * 1000;
    this.#level = this.#capacity;
    this.#atMs = nowMs;
  }

  #refill(nowMs: number): void {
    if (nowMs <= this.#atMs) return;
    this.#level = Math.min(this.#capacity, this.#level + (nowMs - this.#atMs) * this.#perSecond);
    this.#atMs = nowMs;
  }

  /** Whether `amount` is there; takes nothing. */
  has(amount: number, nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#level >= amount * 1000;
  }

  /** Takes `amount`, also more than there is: the debt is refilled first. */
  take(amount: number): void {
    this.#level -= amount * 1000;
  }

  /** True when it is as good as new: it need not be kept. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#level >= this.#capacity;
  }
}
