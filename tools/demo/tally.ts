import type { FlightEvent } from './flights.ts';

/** What one reader received: per shard counts, latency, and whether every record came once and in order per key. */
export class Tally {
  received = 0;
  duplicates = 0;
  outOfOrder = 0;
  readonly byShard = new Map<string, number>();
  readonly latenciesMs: number[] = [];
  readonly #next = new Map<string, number>();

  /** `sentMs` travels inside the record, so that latency is put to receive on one clock. */
  add(shardId: string, event: FlightEvent, latencyMs: number): void {
    const expected = this.#next.get(event.origin) ?? 0;
    if (event.ordinal < expected) this.duplicates += 1;
    else {
      if (event.ordinal > expected) this.outOfOrder += 1;
      this.#next.set(event.origin, event.ordinal + 1);
    }
    this.received += 1;
    this.byShard.set(shardId, (this.byShard.get(shardId) ?? 0) + 1);
    this.latenciesMs.push(latencyMs);
  }

  /** The p-th percentile (0 to 1) of latency so far, in milliseconds; of the last `recent` records when given. */
  latencyMs(p: number, recent = this.latenciesMs.length): number {
    const sorted = this.latenciesMs.slice(-recent).sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
  }

  /** True when each of `total` records came exactly once, each key's in order. */
  complete(total: number): boolean {
    return this.received === total && this.duplicates === 0 && this.outOfOrder === 0;
  }
}
