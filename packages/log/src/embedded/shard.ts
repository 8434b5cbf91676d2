import { collectRecords, headerLength } from './entry.ts';
import type { Collection } from './entry.ts';
import type { SegmentInfo } from './segment.ts';

/** An entry that is durable in the journal and not yet in a segment. */
export interface HotEntry {
  readonly firstIndex: number;
  readonly count: number;
  readonly arrivalMs: number;
  readonly keyRef: number;
  /** The bytes for the disk (sealed when keyRef is not 0). */
  readonly bytes: Buffer;
  /** The plain payload of a sealed entry, for readers. */
  readonly opened: Buffer | undefined;
}

/**
 * What memory holds of one shard.
 *
 *   trimmed | segments (disk)          | hot (memory and journal) | being written
 *           ^ firstIndex               ^ hot[0].firstIndex        ^ visible        ^ allotted
 */
export class Shard {
  readonly logId: number;
  /** False for a shard that recovery found and nobody has named yet. */
  claimed = false;
  closed = false;
  deleted = false;
  /** The oldest index still served. */
  firstIndex = 0;
  /** Behind the newest record that readers may see: it is durable. */
  visible = 0;
  /** Behind the newest record whose index is given out; above `visible` while a write is under way. */
  allotted = 0;
  /** Appends that wait or are under way. */
  pendingAppends = 0;
  lastArrivalMs = 0;
  /** What segments held when the log was opened: the index behind it. */
  storedEnd = 0;
  hot: HotEntry[] = [];
  /** In order of firstIndex; the last one is written to. */
  segments: SegmentInfo[] = [];
  /** One-shot wake-ups of readers at the tail; undefined while there are none. */
  waiters: Set<() => void> | undefined;

  /** Told when no append waits or is under way. */
  #settled: (() => void)[] = [];
  #skippedFrom = 0;
  #skippedTo = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(logId: number) {
    this.logId = logId;
  }

  /** Runs pieces of work on the shard's files one after the other: a flush and a trim must not meet. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  settleAppend(): void {
    this.pendingAppends -= 1;
    if (this.pendingAppends === 0) for (const resolve of this.#settled.splice(0)) resolve();
  }

  /** Resolves when every append that was made is stored or refused. */
  async appendsSettled(): Promise<void> {
    while (this.pendingAppends > 0) await new Promise<void>((resolve) => void this.#settled.push(resolve));
  }

  wake(): void {
    const waiting = this.waiters;
    if (waiting === undefined) return;
    this.waiters = undefined;
    for (const wake of waiting) wake();
  }

  /** The next record gets an index that is higher by `count`; no record has one of those between. */
  skip(count: number): void {
    this.#skippedFrom = this.visible;
    this.visible += count;
    this.allotted = this.visible;
    this.#skippedTo = this.visible;
  }

  /** Where a read that asks for `index` goes on: skipped ones have no records that would lead it further. */
  behindSkipped(index: number): number {
    return index >= this.#skippedFrom && index < this.#skippedTo ? this.#skippedTo : index;
  }

  /** Index of the first record in memory; `visible` when all are on disk. */
  get hotStart(): number {
    return this.hot[0]?.firstIndex ?? this.visible;
  }

  /** Index behind the last record in memory; `storedEnd` when there is none. */
  get hotEnd(): number {
    const last = this.hot.at(-1);
    return last === undefined ? this.storedEnd : last.firstIndex + last.count;
  }

  /** Collects visible records from memory, beginning at `into.next`, which must not lie before `hotStart`. */
  collectHot(into: Collection): void {
    for (
      let at = this.hotEntryAt(into.next);
      at < this.hot.length && !into.full && into.remainingRecords > 0;
      at += 1
    ) {
      const entry = this.hot[at]!;
      if (entry.firstIndex > into.next) into.next = entry.firstIndex;
      collectRecords(entry.opened ?? entry.bytes.subarray(headerLength), entry, into);
    }
  }

  /** Binary search for the entry that holds `index`, or the first behind it. */
  hotEntryAt(index: number): number {
    let low = 0;
    let high = this.hot.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.hot[middle]!;
      if (entry.firstIndex + entry.count <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What an entry costs in memory: its bytes and about what the objects around them take. */
export function hotCost(entry: HotEntry): number {
  return entry.bytes.length + (entry.opened?.length ?? 0) + headerLength + 200;
}
