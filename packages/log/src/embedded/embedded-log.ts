import type { World } from '@millrace/world';
import type { LogRecord } from '../log-record.ts';
import type {
  AppendOutcome,
  Batch,
  BlockCipher,
  ReadOptions,
  ReadOutcome,
  ShardStatus,
  TailWait,
} from '../shard-log-types.ts';
import type { ShardLog } from '../shard-log.ts';
import { LogUnavailableError } from '../shard-log-types.ts';
import { Committer, PendingAppends } from './committer.ts';
import { encodeEntry, entryRoom, openPayload } from './entry.ts';
import type { Collection, EntryHeader } from './entry.ts';
import { flushShards, loadShardSegments, markEnd, removeExpired, shardDirectory } from './flusher.ts';
import { Journal, recoverJournal } from './journal.ts';
import { readCold } from './read-cold.ts';
import { SegmentReader } from './segment-reader.ts';
import { hotCost, Shard } from './shard.ts';

export interface EmbeddedLogOptions {
  readonly world: World;
  readonly directory: string;
  readonly cipher: BlockCipher;
  /** Bytes of newest records kept in memory before they go to segments; up to twice as much during the flush. */
  readonly hotBytes?: number;
  /** The length of a journal file. */
  readonly journalFileBytes?: number;
  /** Told of damage found on disk, one line each. */
  readonly report?: (message: string) => void;
}

/** Memory is given back to the disk at the latest after this time, so that expired data leaves the journal too. */
const flushEveryMs = 600_000;
const flushRetryMs = 1000;
const slabBytes = 1 << 20;
/** More than one place of damage in the journal can have held: a batch has 16 MiB, a record at least 7 bytes. */
const lostIndices = 1 << 24;

/** Opens or creates the shard log of one directory, which the caller has locked for this process. */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<ShardLog> {
  const log = new EmbeddedLog(options);
  await log.recover();
  return log;
}

class EmbeddedLog implements ShardLog {
  readonly #world: World;
  readonly #cipher: BlockCipher;
  readonly #directory: string;
  readonly #hotBytes: number;
  readonly #journalFileBytes: number;
  readonly #report: (message: string) => void;
  readonly #shards = new Map<number, Shard>();
  readonly #reader: SegmentReader;
  /** Where entries are laid out, one behind the other: what is committed together is nearly always one piece for the disk. */
  #slab = Buffer.alloc(0);
  #slabUsed = 0;
  #journal!: Journal;
  #committer!: Committer;
  #flush: Promise<void> | undefined;
  /** Wakes whoever waits for memory. */
  #freed = (): void => {};
  #flushTimer: { cancel(): void } | undefined;
  #flushFailure: Error | undefined;
  #nextFlushMs = 0;
  #damage = 0;
  #flushes = 0;
  #stopped = false;

  constructor(options: EmbeddedLogOptions) {
    this.#world = options.world;
    this.#cipher = options.cipher;
    this.#directory = options.directory;
    this.#hotBytes = options.hotBytes ?? 64 << 20;
    this.#journalFileBytes = options.journalFileBytes ?? 32 << 20;
    this.#report = (message) => {
      this.#damage += 1;
      options.report?.(message);
    };
    this.#reader = new SegmentReader({ world: options.world, cipher: options.cipher, report: this.#report });
  }

  get #segmentsDirectory(): string {
    return `${this.#directory}/segments`;
  }

  /** Reads the segments' names and ends and the journal: its work is bounded by the memory limit, not by the log's size. */
  async recover(): Promise<void> {
    const { disk } = this.#world;
    const journalDirectory = `${this.#directory}/journal`;
    await disk.makeDirectory(journalDirectory);
    await disk.makeDirectory(this.#segmentsDirectory);
    await disk.syncDirectory(this.#directory);
    for (const name of await disk.list(this.#segmentsDirectory)) {
      if (!/^\d+$/.test(name)) continue;
      await loadShardSegments(this.#shard(Number(name)), this.#places());
    }
    let hot = 0;
    const place = { world: this.#world, directory: journalDirectory };
    const recovered = await recoverJournal(
      place,
      this.#report,
      (entry, header) => (hot += this.#recoverEntry(entry, header)),
    );
    this.#journal = await Journal.start({ ...place, fileBytes: this.#journalFileBytes }, recovered.lastNumber);
    this.#committer = new Committer({
      world: this.#world,
      cipher: this.#cipher,
      journal: this.#journal,
      betweenBatches: () => this.#betweenBatches(),
    });
    this.#committer.hotBytes = hot;
    // Numbers of records that damage took must not be given out again.
    if (recovered.isDamaged) for (const shard of this.#shards.values()) shard.skip(lostIndices);
    // What the old journal held goes to segments before its files go: then the new one alone is the journal.
    this.#startFlush();
    await this.#flush;
    if (this.#flushFailure !== undefined) throw this.#flushFailure;
    // So that the next start knows it too.
    if (recovered.isDamaged) for (const shard of this.#shards.values()) await markEnd(shard, this.#places());
    for (const path of recovered.files) await disk.remove(path);
    await disk.syncDirectory(journalDirectory);
    this.#scheduleFlush();
  }

  #recoverEntry(entry: Buffer, header: EntryHeader): number {
    const shard = this.#shard(header.logId);
    const end = header.firstIndex + header.count;
    // In a segment already (the crash came between the flush and the end of the journal file), or what is left of a refused
    // write that began there: segments end where acknowledged entries do.
    if (header.firstIndex < shard.storedEnd) {
      shard.visible = shard.hotEnd;
      shard.allotted = shard.visible;
      return 0;
    }
    const { firstIndex, count, arrivalMs, keyRef } = header;
    const opened = keyRef === 0 ? undefined : openPayload(entry, header, this.#cipher);
    const hot = { firstIndex, count, arrivalMs, keyRef, bytes: entry, opened };
    shard.hot.push(hot);
    shard.visible = end;
    shard.allotted = end;
    shard.lastArrivalMs = Math.max(shard.lastArrivalMs, header.arrivalMs);
    if (shard.segments.length === 0 && shard.hot.length === 1) shard.firstIndex = header.firstIndex;
    return hotCost(hot);
  }

  #shard(logId: number): Shard {
    let shard = this.#shards.get(logId);
    if (shard === undefined) {
      shard = new Shard(logId);
      this.#shards.set(logId, shard);
    }
    return shard;
  }

  #places(): { world: World; directory: string; reader: SegmentReader } {
    return { world: this.#world, directory: this.#segmentsDirectory, reader: this.#reader };
  }

  create(logId: number): Promise<void> {
    this.#shard(logId).claimed = true;
    return Promise.resolve();
  }

  async dropUnclaimed(): Promise<void> {
    for (const shard of [...this.#shards.values()]) if (!shard.claimed) await this.delete(shard.logId);
  }

  append(logId: number, records: readonly LogRecord[], keyRef: number): Promise<AppendOutcome> {
    return this.appendAll([{ logId, records, keyRef }]).then(([outcome]) => {
      if (outcome instanceof LogUnavailableError) throw outcome;
      return outcome!;
    });
  }

  appendAll(batches: readonly Batch[]): Promise<(AppendOutcome | LogUnavailableError)[]> {
    let length = 0;
    for (const { records } of batches) length += entryRoom(records);
    if (this.#slab.length - this.#slabUsed < length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(length, slabBytes));
      this.#slabUsed = 0;
    }
    return new Promise((resolve) => {
      const appends = new PendingAppends(batches.length, resolve);
      for (const [position, { logId, records, keyRef }] of batches.entries()) {
        const shard = this.#shards.get(logId);
        if (shard === undefined || shard.closed || shard.deleted) {
          appends.settle(position, 'closed');
          continue;
        }
        const start = this.#slabUsed;
        this.#slabUsed = encodeEntry(records, this.#slab, start);
        const plain = this.#slab.subarray(start, this.#slabUsed);
        this.#committer.add({ shard, plain, count: records.length, keyRef, appends, position });
      }
    });
  }

  read(logId: number, fromIndex: number, options: ReadOptions): ReadOutcome | Promise<ReadOutcome> {
    const shard = this.#shards.get(logId);
    if (shard === undefined) return { records: [], nextIndex: fromIndex, tailIndex: fromIndex };
    const into: Collection = {
      records: [],
      next: shard.behindSkipped(Math.max(fromIndex, shard.firstIndex)),
      remainingRecords: options.maxRecords,
      remainingBytes: options.maxBytes,
      full: false,
    };
    if (into.next >= shard.visible) return { records: [], nextIndex: into.next, tailIndex: shard.visible };
    if (into.next < shard.hotStart) return readCold(shard, into, this.#reader);
    shard.collectHot(into);
    return { records: into.records, nextIndex: into.next, tailIndex: shard.visible };
  }

  wait(logId: number, index: number, wake: () => void): TailWait {
    const shard = this.#shards.get(logId);
    if (shard === undefined || shard.closed || shard.deleted || index < shard.visible) {
      let cancelled = false;
      this.#world.clock.defer(() => cancelled || wake());
      return { cancel: () => void (cancelled = true) };
    }
    const waiters = (shard.waiters ??= new Set());
    waiters.add(wake);
    return { cancel: () => void shard.waiters?.delete(wake) };
  }

  async firstAtOrAfter(logId: number, timeMs: number): Promise<number> {
    const shard = this.#shards.get(logId);
    if (shard === undefined) return 0;
    const inMemory = shard.hot.find(({ arrivalMs }) => arrivalMs >= timeMs)?.firstIndex ?? shard.visible;
    const segments = shard.segments;
    // The record may stand in the last segment that begins before the time, or be the first of the next one.
    const after = segments.findIndex(({ firstArrivalMs }) => firstArrivalMs >= timeMs);
    const candidate = segments.at(after === -1 ? -1 : after - 1);
    let found: number | undefined;
    if (candidate !== undefined && after !== 0) {
      try {
        found = await this.#reader.firstAtOrAfter(candidate, timeMs);
      } catch (error) {
        // It has expired meanwhile: what is left is asked.
        if (shard.segments.includes(candidate)) throw error;
        this.#reader.forget(candidate);
        return this.firstAtOrAfter(logId, timeMs);
      }
    }
    found ??= after === -1 ? inMemory : segments[after]!.firstIndex;
    return Math.max(found, shard.firstIndex);
  }

  status(logId: number): ShardStatus | undefined {
    const shard = this.#shards.get(logId);
    if (shard === undefined) return undefined;
    return {
      firstIndex: shard.firstIndex,
      nextIndex: shard.visible,
      closed: shard.closed,
      lastArrivalMs: shard.visible === 0 ? 0 : shard.lastArrivalMs,
    };
  }

  async trim(logId: number, beforeMs: number): Promise<void> {
    const shard = this.#shards.get(logId);
    if (shard === undefined || shard.visible === shard.firstIndex) return;
    shard.firstIndex = Math.max(shard.firstIndex, await this.firstAtOrAfter(logId, beforeMs));
    await shard.exclusively(() => removeExpired(shard, this.#places()));
  }

  async close(logId: number): Promise<number> {
    const shard = this.#shards.get(logId);
    if (shard === undefined) return 0;
    shard.closed = true;
    await shard.appendsSettled();
    shard.wake();
    return shard.visible;
  }

  async delete(logId: number): Promise<void> {
    const shard = this.#shards.get(logId);
    if (shard === undefined) return;
    shard.closed = true;
    shard.deleted = true;
    shard.wake();
    this.#shards.delete(logId);
    for (const entry of shard.hot) this.#committer.hotBytes -= hotCost(entry);
    shard.hot = [];
    for (const segment of shard.segments) this.#reader.forget(segment);
    await shard.exclusively(() => this.#world.disk.remove(shardDirectory(this.#segmentsDirectory, logId)));
  }

  failure(): Error | undefined {
    return this.#committer.failure ?? this.#flushFailure;
  }

  metrics(): Readonly<Record<string, number>> {
    let segments = 0;
    for (const shard of this.#shards.values()) segments += shard.segments.length;
    return {
      ...this.#committer.counters,
      hotBytes: this.#committer.hotBytes,
      shards: this.#shards.size,
      segments,
      flushes: this.#flushes,
      damage: this.#damage,
    };
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#flushTimer?.cancel();
    await this.#committer.idle();
    await this.#flush;
    this.#reader.stop();
    await this.#journal.stop();
  }

  /**
   * Starts a flush when memory is used up; holds appends back while twice the limit waits for one, and refuses them when it
   * fails: memory and journal would grow without end.
   */
  async #betweenBatches(): Promise<void> {
    if (this.#committer.hotBytes < this.#hotBytes) return;
    const isFull = (): boolean => this.#committer.hotBytes >= 2 * this.#hotBytes;
    if (this.#flush === undefined && this.#world.clock.monotonicMs() >= this.#nextFlushMs) await this.#rollAndFlush();
    // Room comes shard by shard while the flush is under way: who waits goes on at its pace instead of at its end.
    while (isFull() && this.#flush !== undefined)
      await Promise.race([this.#flush, new Promise<void>((resolve) => (this.#freed = resolve))]);
    if (isFull() && this.#flushFailure !== undefined)
      throw new LogUnavailableError('the segments cannot be written', true, { cause: this.#flushFailure });
  }

  /** Between batches only: all entries of the files before the new one are visible, so the flush takes all of them. */
  async #rollAndFlush(): Promise<void> {
    await this.#journal.roll();
    this.#startFlush();
  }

  #startFlush(): void {
    const { epoch } = this.#journal;
    const freed = (bytes: number): void => {
      this.#committer.hotBytes -= bytes;
      this.#freed();
    };
    this.#flush = flushShards(this.#shards.values(), this.#places(), freed)
      .then(async () => {
        this.#flushes += 1;
        this.#flushFailure = undefined;
        await this.#journal.releaseBefore(epoch);
      })
      .catch((error: unknown) => {
        // Nothing is lost: the journal keeps what the segments did not get. The next flush tries again.
        this.#flushFailure = error as Error;
        this.#nextFlushMs = this.#world.clock.monotonicMs() + flushRetryMs;
        this.#report(`flush: ${(error as Error).message}`);
      })
      .finally(() => {
        this.#flush = undefined;
      });
  }

  #scheduleFlush(): void {
    this.#flushTimer = this.#world.clock.setTimer(flushEveryMs, () => {
      if (this.#committer.hotBytes > 0) this.#committer.between(() => this.#rollAndFlush());
      this.#scheduleFlush();
    });
  }
}
