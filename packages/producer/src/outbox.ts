import type { Entry } from './entry.ts';
import { ShardRate } from './rate.ts';

/** Records of one PutRecords. */
export const mostRecords = 500;
/** A request has 10 MiB at most; half of that keeps a retry short. */
const mostBytes = 5 << 20;
/** Entries whose shard is not known yet share a row. */
const unknownShard = '';

/** Kinesis records that are ready to be sent, in a row for each shard. */
export class Outbox {
  readonly #rows = new Map<string, Entry[]>();
  readonly #rates = new Map<string, ShardRate>();
  readonly #busy = new Set<string>();
  readonly #ordered: boolean;
  readonly #percent: number;
  count = 0;

  constructor({ ordered, rateLimitPercent }: { ordered: boolean; rateLimitPercent: number }) {
    this.#ordered = ordered;
    this.#percent = rateLimitPercent;
  }

  /** Behind what waits for the same shard. */
  add(entry: Entry): void {
    this.#row(entry).push(entry);
    this.count += 1;
  }

  /** Before what waits for the same shard, in the given order: what was sent and must be sent again. */
  addAgain(entries: readonly Entry[]): void {
    for (const entry of [...entries].reverse()) {
      this.#row(entry).unshift(entry);
      this.count += 1;
    }
  }

  #row({ shardId = unknownShard }: Entry): Entry[] {
    let row = this.#rows.get(shardId);
    if (row === undefined) this.#rows.set(shardId, (row = []));
    return row;
  }

  /**
   * The records of the next request, as many as limits and rates allow now; or, where there are none, in how many milliseconds
   * some may go (Infinity when that is not a matter of time).
   */
  take(nowMs: number): { readonly entries: Entry[]; readonly waitMs: number } {
    const entries: Entry[] = [];
    let bytes = 0;
    let waitMs = Infinity;
    for (const [shardId, row] of this.#rows) {
      if (this.#busy.has(shardId)) continue;
      let taken = 0;
      for (const entry of row) {
        if (entries.length >= mostRecords || (entries.length > 0 && bytes + entry.bytes > mostBytes)) break;
        if (entry.isSuspect && entries.length > 0) break;
        // Two of one request may be stored the one without the other.
        if (this.#ordered && taken === 1) break;
        const wait =
          entry.notBeforeMs > nowMs ? entry.notBeforeMs - nowMs : this.#rate(shardId, nowMs).take(entry.bytes, nowMs);
        if (wait > 0) {
          waitMs = Math.min(waitMs, wait);
          break;
        }
        entries.push(entry);
        bytes += entry.bytes;
        taken += 1;
        if (entry.isSuspect) break;
      }
      row.splice(0, taken);
      if (row.length === 0) this.#rows.delete(shardId);
      if (taken > 0 && this.#ordered) this.#busy.add(shardId);
      if (entries[0]?.isSuspect === true) break;
    }
    this.count -= entries.length;
    return { entries, waitMs };
  }

  /** The request with these entries is over: in order, the next of their shards may go. */
  release(entries: readonly Entry[]): void {
    for (const { shardId = unknownShard } of entries) this.#busy.delete(shardId);
  }

  /** Takes out what is given up by now. */
  takeExpired(isExpired: (entry: Entry) => boolean): Entry[] {
    const expired: Entry[] = [];
    for (const [shardId, row] of this.#rows) {
      const kept = row.filter((entry) => {
        if (!isExpired(entry)) return true;
        expired.push(entry);
        return false;
      });
      if (kept.length === 0) this.#rows.delete(shardId);
      else if (kept.length < row.length) this.#rows.set(shardId, kept);
    }
    this.count -= expired.length;
    return expired;
  }

  /** All that waits, which waits here no more. */
  drain(): Entry[] {
    const entries = [...this.#rows.values()].flat();
    this.#rows.clear();
    this.count = 0;
    return entries;
  }

  #rate(shardId: string, nowMs: number): ShardRate {
    let rate = this.#rates.get(shardId);
    if (rate === undefined) this.#rates.set(shardId, (rate = new ShardRate(this.#percent, nowMs)));
    return rate;
  }

  /** Forgets the rates of shards that are no more. */
  keepRates(shardIds: ReadonlySet<string>): void {
    for (const shardId of this.#rates.keys()) if (!shardIds.has(shardId)) this.#rates.delete(shardId);
  }
}
