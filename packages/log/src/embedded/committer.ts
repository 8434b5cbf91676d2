import type { World } from '@millrace/world';
import type { AppendOutcome, BlockCipher } from '../shard-log-types.ts';
import { LogUnavailableError } from '../shard-log-types.ts';
import { finishEntry, headerLength } from './entry.ts';
import type { Journal } from './journal.ts';
import { hotCost } from './shard.ts';
import type { HotEntry, Shard } from './shard.ts';

/** The appends of one call, of which each is settled by itself. */
export class PendingAppends {
  readonly #outcomes: (AppendOutcome | LogUnavailableError)[];
  readonly #resolve: (outcomes: (AppendOutcome | LogUnavailableError)[]) => void;
  #left: number;

  constructor(count: number, resolve: (outcomes: (AppendOutcome | LogUnavailableError)[]) => void) {
    this.#outcomes = new Array<AppendOutcome | LogUnavailableError>(count);
    this.#resolve = resolve;
    this.#left = count;
    if (count === 0) resolve(this.#outcomes);
  }

  isOpen(position: number): boolean {
    return this.#outcomes[position] === undefined;
  }

  settle(position: number, outcome: AppendOutcome | LogUnavailableError): void {
    this.#outcomes[position] = outcome;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve(this.#outcomes);
  }
}

/** An append that waits for its turn. */
export interface PendingAppend {
  readonly shard: Shard;
  readonly plain: Buffer;
  readonly count: number;
  readonly keyRef: number;
  /** Where its outcome goes. */
  readonly appends: PendingAppends;
  readonly position: number;
}

/** A batch holds at most this much, so that one sync is never long. */
const batchBytes = 16 << 20;

export interface CommitterOptions {
  readonly world: World;
  readonly cipher: BlockCipher;
  readonly journal: Journal;
  /** Called between batches: may roll the journal or hold appends back. */
  betweenBatches(): Promise<void> | undefined;
}

/**
 * Group commit: while one batch is written and synced, appends gather for the next, so that a sync is paid a batch, not a
 * request. One batch is under way at a time; that alone makes indices, visibility and acknowledgements one order.
 */
export class Committer {
  readonly #options: CommitterOptions;
  #waiting: PendingAppend[] = [];
  #errand: (() => Promise<void>) | undefined;
  #running = false;
  #idle: (() => void)[] = [];
  failure: LogUnavailableError | undefined;
  readonly counters = { appends: 0, records: 0, bytes: 0, syncs: 0, syncMs: 0, refusedWrites: 0 };
  hotBytes = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  add(append: PendingAppend): void {
    append.shard.pendingAppends += 1;
    this.#waiting.push(append);
    if (this.#running) return;
    this.#running = true;
    // What other connections have ready in this turn of the event loop joins the batch.
    this.#options.world.clock.defer(() => void this.#run());
  }

  /** Runs `work` when no batch is under way, before the next one. */
  between(work: () => Promise<void>): void {
    this.#errand = work;
    if (this.#running) return;
    this.#running = true;
    this.#options.world.clock.defer(() => void this.#run());
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#running) await new Promise<void>((resolve) => void this.#idle.push(resolve));
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 || this.#errand !== undefined) {
      let batch: PendingAppend[] = [];
      try {
        const errand = this.#errand;
        this.#errand = undefined;
        await errand?.();
        await this.#options.betweenBatches();
        batch = this.#takeBatch();
        await this.#commit(batch);
      } catch (error) {
        // What was settled before is not settled again.
        this.#refuse(
          [...batch.filter(({ appends, position }) => appends.isOpen(position)), ...this.#waiting.splice(0)],
          error as Error,
        );
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #takeBatch(): PendingAppend[] {
    let bytes = 0;
    let taken = 0;
    while (taken < this.#waiting.length && (taken === 0 || bytes < batchBytes))
      bytes += this.#waiting[taken++]!.plain.length;
    return taken === this.#waiting.length ? this.#waiting.splice(0) : this.#waiting.splice(0, taken);
  }

  async #commit(batch: PendingAppend[]): Promise<void> {
    if (this.failure !== undefined) return this.#refuse(batch, this.failure);
    const { journal } = this.#options;
    const now = this.#options.world.clock.now();
    let entries: HotEntry[] = [];
    let length = 0;
    let first = 0;
    for (const [position, append] of batch.entries()) {
      const entry = this.#place(append, now);
      if (length + entry.bytes.length > journal.room) {
        await this.#write(batch.slice(first, position), entries, length);
        // After a failed sync the file may have what was refused: nothing goes behind it, in no file.
        if (this.failure !== undefined) {
          this.#refuse(batch.slice(position), this.failure);
          return;
        }
        try {
          await journal.roll();
        } catch (error) {
          this.#refuse(batch.slice(position), error as Error);
          return;
        }
        // Finished for the old file: finish it again for the new one, behind what the write before it stored or was refused.
        append.shard.allotted = append.shard.visible;
        entries = [this.#place(append, now)];
        length = entries[0]!.bytes.length;
        first = position;
        continue;
      }
      entries.push(entry);
      length += entry.bytes.length;
    }
    await this.#write(batch.slice(first), entries, length);
  }

  /** Allots the indices. The arrival time never goes back in a shard, whatever the clock does. */
  #place({ shard, plain, count, keyRef }: PendingAppend, now: number): HotEntry {
    const { epoch, batch, position: start } = this.#options.journal;
    const firstIndex = shard.allotted;
    const arrivalMs = Math.max(now, shard.lastArrivalMs);
    shard.allotted += count;
    shard.lastArrivalMs = arrivalMs;
    const seal = keyRef === 0 ? undefined : { cipher: this.#options.cipher, keyRef };
    const bytes = finishEntry(plain, count, { epoch, batch, start, logId: shard.logId, firstIndex, arrivalMs }, seal);
    const opened = keyRef === 0 ? undefined : plain.subarray(headerLength);
    return { firstIndex, count, arrivalMs, keyRef, bytes, opened };
  }

  async #write(batch: readonly PendingAppend[], entries: readonly HotEntry[], length: number): Promise<void> {
    if (batch.length === 0) return;
    const began = this.#options.world.clock.monotonicMs();
    try {
      await this.#options.journal.write(inPieces(entries), length);
    } catch (error) {
      this.#refuse(batch, error as Error);
      return;
    }
    this.counters.syncs += 1;
    this.counters.syncMs += this.#options.world.clock.monotonicMs() - began;
    this.counters.appends += batch.length;
    this.counters.bytes += length;
    for (const [nth, { shard, count, appends, position }] of batch.entries()) {
      const entry = entries[nth]!;
      this.counters.records += count;
      // A shard that was deleted meanwhile gives its memory back to nobody.
      if (!shard.deleted) {
        this.hotBytes += hotCost(entry);
        shard.hot.push(entry);
      }
      shard.visible = entry.firstIndex + count;
      shard.settleAppend();
      appends.settle(position, { firstIndex: entry.firstIndex, arrivalMs: entry.arrivalMs });
    }
    for (const { shard } of batch) shard.wake();
  }

  #refuse(batch: readonly PendingAppend[], error: Error): void {
    const reason =
      error instanceof LogUnavailableError ? error : new LogUnavailableError(error.message, false, { cause: error });
    if (!reason.retryable) this.failure ??= reason;
    this.counters.refusedWrites += batch.length;
    for (const { shard, appends, position } of batch) {
      shard.allotted = shard.visible;
      shard.settleAppend();
      appends.settle(position, reason);
    }
  }
}

/** The entries' bytes, those that lie behind one another as one piece. */
function inPieces(entries: readonly HotEntry[]): Buffer[] {
  const pieces: Buffer[] = [];
  let first = 0;
  for (let at = 1; at <= entries.length; at += 1) {
    const { bytes: before } = entries[at - 1]!;
    const next = entries[at]?.bytes;
    if (next?.buffer === before.buffer && next.byteOffset === before.byteOffset + before.length) continue;
    const { bytes } = entries[first]!;
    const length = before.byteOffset + before.length - bytes.byteOffset;
    pieces.push(first === at - 1 ? bytes : Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, length));
    first = at;
  }
  return pieces;
}
