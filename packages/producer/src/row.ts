import type { Batch } from './batch.ts';
import type { Entry } from './entry.ts';
import type { ShardRate } from './rate.ts';

/** How far a row is looked through for records whose key is free; further on, records wait for their turn. */
const mostSkipped = 1000;

/** Kinesis records of one shard that are ready to be sent. */
export class Row {
  #entries: Entry[] = [];
  readonly #isOrdered: boolean;
  /** In ordered mode: the keys of lone records that are under way. */
  readonly #busyKeys = new Set<string>();
  /** In ordered mode: an aggregated record, of who knows how many keys, is under way. */
  #isBusy = false;

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return this.length === 0 && !this.#isBusy && this.#busyKeys.size === 0;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
  }

  addFirst(entries: readonly Entry[]): void {
    this.#entries = [...entries, ...this.#entries];
  }

  /** Moves to the batch what may go now; answers in how many milliseconds more may, Infinity where time does not change it. */
  take(batch: Batch, rate: ShardRate, nowMs: number): number {
    return this.#isOrdered ? this.#takeOrdered(batch, rate, nowMs) : this.#takeFirst(batch, rate, nowMs);
  }

  #takeFirst(batch: Batch, rate: ShardRate, nowMs: number): number {
    let taken = 0;
    let waitMs = Infinity;
    for (const entry of this.#entries) {
      waitMs = waitOf(entry, { batch, rate, nowMs });
      if (waitMs !== 0) break;
      batch.add(entry);
      taken += 1;
    }
    this.#entries.splice(0, taken);
    return waitMs === 0 ? Infinity : waitMs;
  }

  /**
   * Two records of a request may be stored the one without the other, so those of one key go one after the other. An aggregated
   * record has many keys: it goes when nothing of its shard is under way, and nothing goes beside it.
   */
  #takeOrdered(batch: Batch, rate: ShardRate, nowMs: number): number {
    const kept: Entry[] = [];
    const keptKeys = new Set<string>();
    let waitMs = Infinity;
    let taken = 0;
    for (const entry of this.#entries) {
      if (this.#isBusy || kept.length >= mostSkipped) break;
      const key = loneKeyOf(entry);
      if (key === undefined && (kept.length > 0 || this.#busyKeys.size > 0)) break;
      const isBlocked = key !== undefined && (this.#busyKeys.has(key) || keptKeys.has(key));
      const wait = isBlocked ? Infinity : waitOf(entry, { batch, rate, nowMs });
      if (wait === 0) {
        batch.add(entry);
        taken += 1;
        if (key === undefined) this.#isBusy = true;
        else this.#busyKeys.add(key);
        continue;
      }
      waitMs = Math.min(waitMs, wait);
      // Only what waits for itself lets others pass.
      if (key === undefined || (!isBlocked && entry.notBeforeMs <= nowMs)) break;
      keptKeys.add(key);
      kept.push(entry);
    }
    if (taken > 0) this.#entries = [...kept, ...this.#entries.slice(kept.length + taken)];
    return waitMs;
  }

  /** A request with this entry is over. */
  release(entry: Entry): void {
    const key = loneKeyOf(entry);
    if (key === undefined) this.#isBusy = false;
    else this.#busyKeys.delete(key);
  }

  takeExpired(nowMs: number): Entry[] {
    const expired = this.#entries.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (expired.length > 0) this.#entries = this.#entries.filter(({ deadlineMs }) => deadlineMs > nowMs);
    return expired;
  }

  drain(): Entry[] {
    return this.#entries.splice(0);
  }
}

/** Undefined for an aggregated record. */
function loneKeyOf({ users }: Entry): string | undefined {
  return users.length === 1 ? users[0]!.partitionKey : undefined;
}

/** 0 when the entry may go, and the rate has counted it; otherwise how long it waits, Infinity for want of room in the batch. */
function waitOf(entry: Entry, { batch, rate, nowMs }: { batch: Batch; rate: ShardRate; nowMs: number }): number {
  if (entry.notBeforeMs > nowMs) return entry.notBeforeMs - nowMs;
  return batch.fits(entry) ? rate.take(entry.bytes, nowMs) : Infinity;
}
