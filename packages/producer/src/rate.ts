/** What a shard is sent: 1 MiB and 1,000 records a second, or a part or a multiple of them. A second's worth may come at once. */
export class ShardRate {
  readonly #bytesPerMs: number;
  readonly #recordsPerMs: number;
  #bytes: number;
  #records: number;
  #atMs: number;

  constructor(percent: number, nowMs: number) {
    this.#bytesPerMs = ((1 << 20) / 1000) * (percent / 100);
    this.#recordsPerMs = percent / 100;
    this.#bytes = this.#bytesPerMs * 1000;
    this.#records = this.#recordsPerMs * 1000;
    this.#atMs = nowMs;
  }

  /** Takes a record; or answers, in milliseconds, when there will be room for it, and takes nothing. */
  take(bytes: number, nowMs: number): number {
    const passed = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#bytes = Math.min(this.#bytesPerMs * 1000, this.#bytes + passed * this.#bytesPerMs);
    this.#records = Math.min(this.#recordsPerMs * 1000, this.#records + passed * this.#recordsPerMs);
    // A record larger than a second's worth goes when the bucket is full, and leaves a debt.
    const wanted = Math.min(bytes, this.#bytesPerMs * 1000);
    if (this.#bytes >= wanted && this.#records >= 1) {
      this.#bytes -= bytes;
      this.#records -= 1;
      return 0;
    }
    return Math.ceil(Math.max((wanted - this.#bytes) / this.#bytesPerMs, (1 - this.#records) / this.#recordsPerMs, 1));
  }
}
