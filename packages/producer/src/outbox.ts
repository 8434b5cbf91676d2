import { Batch, mostRecords } from './batch.ts';
import type { Entry } from './entry.ts';
import { ShardRate } from './rate.ts';
import { Row } from './row.ts';

/** With so much a request goes without waiting for more: what a request costs beside its bytes is little then. */
const enoughBytes = 1 << 19;
/** Entries whose shard is not known yet share a row. */
const unknownShard = '';
/** Nobody knows to how many shards those go: what is too much is refused, and waits then. */
const unlimitedPercent = 1e9;

/** Kinesis records that are ready to be sent, in a row for each shard. */
export class Outbox {
  readonly #rows = new Map<string, Row>();
  readonly #rates = new Map<string, ShardRate>();
  readonly #isOrdered: boolean;
  readonly #percent: number;
  #count = 0;
  #bytes = 0;
  #dueMs = Infinity;

  constructor({ ordered, rateLimitPercent }: { ordered: boolean; rateLimitPercent: number }) {
    this.#isOrdered = ordered;
    this.#percent = rateLimitPercent;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** When a request should go: at once when there is enough for a full one, or when the first entry has waited its time. */
  get dueMs(): number {
    if (this.isEmpty) return Infinity;
    return this.#count >= mostRecords || this.#bytes >= enoughBytes ? 0 : this.#dueMs;
  }

  /** Behind what waits for the same shard. */
  add(entry: Entry): void {
    this.#row(entry).add(entry);
    this.#counted(entry);
  }

  /** What is here waits for no more. */
  hurry(): void {
    if (!this.isEmpty) this.#dueMs = 0;
  }

  /** Before what waits for the same shard, in the given order: what was sent and must be sent again. */
  addAgain(entries: readonly Entry[]): void {
    const byShard = Map.groupBy(entries, ({ shardId = unknownShard }) => shardId);
    for (const group of byShard.values()) this.#row(group[0]!).addFirst(group);
    for (const entry of entries) this.#counted(entry);
  }

  #counted(entry: Entry): void {
    this.#count += 1;
    this.#bytes += entry.bytes;
    this.#dueMs = Math.min(this.#dueMs, entry.dueMs);
  }

  #uncounted(entries: readonly Entry[]): void {
    this.#count -= entries.length;
    for (const { bytes } of entries) this.#bytes -= bytes;
    if (this.isEmpty) this.#dueMs = Infinity;
  }

  #row({ shardId = unknownShard }: Entry): Row {
    let row = this.#rows.get(shardId);
    if (row === undefined) this.#rows.set(shardId, (row = new Row(this.#isOrdered)));
    return row;
  }

  /**
   * The records of the next request, as many as limits and rates allow now; or, where there are none, in how many milliseconds
   * some may go (Infinity when that is not a matter of time).
   */
  take(nowMs: number): { readonly entries: Entry[]; readonly waitMs: number } {
    const batch = new Batch();
    let waitMs = Infinity;
    for (const [shardId, row] of [...this.#rows]) {
      const before = batch.entries.length;
      waitMs = Math.min(waitMs, row.take(batch, this.#rate(shardId, nowMs), nowMs));
      if (batch.entries.length === before) continue;
      // Who has sent stands behind the others the next time, so that no shard keeps the rest waiting.
      this.#rows.delete(shardId);
      if (!row.isIdle) this.#rows.set(shardId, row);
    }
    this.#uncounted(batch.entries);
    return { entries: batch.entries, waitMs };
  }

  /** The request with these entries is over: in order, the next of their shards or keys may go. */
  release(entries: readonly Entry[]): void {
    if (!this.#isOrdered) return;
    for (const entry of entries) this.#rows.get(entry.shardId ?? unknownShard)?.release(entry);
  }

  /** Takes out what is given up by now. */
  takeExpired(nowMs: number): Entry[] {
    const expired = [...this.#rows.values()].flatMap((row) => row.takeExpired(nowMs));
    this.#uncounted(expired);
    return expired;
  }

  /** All that waits, which waits here no more. */
  drain(): Entry[] {
    const entries = [...this.#rows.values()].flatMap((row) => row.drain());
    this.#uncounted(entries);
    return entries;
  }

  #rate(shardId: string, nowMs: number): ShardRate {
    let rate = this.#rates.get(shardId);
    if (rate === undefined) {
      const percent = shardId === unknownShard ? unlimitedPercent : this.#percent;
      this.#rates.set(shardId, (rate = new ShardRate(percent, nowMs)));
    }
    return rate;
  }

  /** Forgets what is idle of shards that are no more. */
  keepShards(shardIds: ReadonlySet<string>): void {
    for (const shardId of this.#rates.keys()) if (!shardIds.has(shardId)) this.#rates.delete(shardId);
    for (const [shardId, row] of this.#rows) if (!shardIds.has(shardId) && row.isIdle) this.#rows.delete(shardId);
  }
}
