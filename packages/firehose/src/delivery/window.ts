import { recordOrTime } from '@millrace/log';
import type { ShardLog, StoredRecord } from '@millrace/log';
import type { World } from '@millrace/world';
import type { SourceReading } from '../source.ts';

/** A shard of the log, and the index to go on at. */
export interface Cursor {
  readonly logId: number;
  readonly from: number;
}

/** A shard's records that go into an object, from one index to before another. */
export interface Span extends Cursor {
  readonly to: number;
}

/** What goes into one object. */
export interface Window {
  /** In the order in which they are read: a shard's parents before it. */
  readonly spans: readonly Span[];
  readonly bytes: number;
  readonly oldestMs: number;
  /** It was full without any waiting: there is more than one of them. */
  readonly isBehind: boolean;
}

/** When a buffer is delivered: whichever comes first. */
export interface Hints {
  readonly bytes: number;
  readonly intervalMs: number;
  /** So many at most, where each of them is held in memory: a record of no bytes takes room, too. */
  readonly records: number;
}

/** What a window is made from. All of it is read anew at every look: destinations are updated, streams resharded. */
export interface Supply {
  readonly world: Pick<World, 'clock'>;
  readonly log: ShardLog;
  hints(): Hints;
  /**
   * The shards to read. `upTo` says how far each is read by now: a shard whose parents are not at their end yet is left out.
   */
  cursors(upTo: (logId: number) => number | undefined): readonly Cursor[];
  /** Whose limits reading keeps; undefined where there are none. */
  readonly reading: Pick<SourceReading, 'mayRead' | 'didRead'> | undefined;
  /** How soon shards that are new are noticed, and hints that were updated. */
  readonly lookAgainMs: number;
  readonly stop: AbortSignal;
}

/** How soon a shard is asked again that let nothing be read. */
const heldUpMs = 200;
const page = { maxRecords: 10_000, maxBytes: 1 << 20 };

/**
 * Resolves when records are due: there are as many bytes as the hints want, or the oldest has waited its time. Only lengths are
 * looked at here; undefined when `stop` fires first. Waiting goes by the monotonic clock, so that a clock that steps back keeps
 * nobody waiting longer.
 */
export async function dueWindow(supply: Supply): Promise<Window | undefined> {
  const { world, log, stop, reading } = supply;
  const found = new Growing();
  let deadlineMs = Infinity;
  let hasWaited = false;
  while (!stop.aborted) {
    const hints = supply.hints();
    const cursors = supply.cursors((logId) => found.reached(logId));
    let isIdle = true;
    const heldUp = new Set<number>();
    for (const { logId, from } of cursors) {
      if (reading?.mayRead(logId) === false) {
        heldUp.add(logId);
        continue;
      }
      const index = found.reached(logId) ?? from;
      const { records, nextIndex } = await log.read(logId, index, page);
      const taken = found.take(logId, records, hints);
      const isAtEnd = records.length === 0 || nextIndex >= (log.status(logId)?.nextIndex ?? 0);
      reading?.didRead(logId, taken.bytes, isAtEnd);
      if (taken.isFull) return found.window(!hasWaited);
      // Past what has expired.
      if (nextIndex > index) found.passed(logId, nextIndex);
      isIdle &&= records.length === 0;
    }
    if (!isIdle) continue;
    if (found.oldestMs !== undefined) {
      const ageMs = Math.max(0, world.clock.now() - found.oldestMs);
      // From the first sight on, the deadline can only come nearer.
      deadlineMs = Math.min(deadlineMs, world.clock.monotonicMs() + Math.max(0, hints.intervalMs - ageMs));
      if (world.clock.monotonicMs() >= deadlineMs) return found.window(false);
    }
    // A shard that is closed, and not on record as closed yet, would wake at once: looking again is enough for it.
    const places = cursors
      .filter(({ logId }) => log.status(logId)?.closed !== true && !heldUp.has(logId))
      .map(({ logId, from }) => ({ logId, index: found.reached(logId) ?? from }));
    const againMs = heldUp.size > 0 ? Math.min(heldUpMs, supply.lookAgainMs) : supply.lookAgainMs;
    const delayMs = Math.min(deadlineMs - world.clock.monotonicMs(), againMs);
    hasWaited = true;
    await recordOrTime({ clock: world.clock, log }, places, delayMs, stop);
  }
  return undefined;
}

class Growing {
  oldestMs: number | undefined;
  readonly #spans = new Map<number, { from: number; to: number }>();
  readonly #reached = new Map<number, number>();
  #bytes = 0;
  #count = 0;

  /** How far a shard was read; undefined while it was not. */
  reached(logId: number): number | undefined {
    return this.#reached.get(logId);
  }

  passed(logId: number, index: number): void {
    this.#reached.set(logId, index);
  }

  /** Takes in the records that fit, and says whether the window is full. */
  take(logId: number, records: readonly StoredRecord[], most: Hints): { bytes: number; isFull: boolean } {
    const before = this.#bytes;
    const isFull = records.some((record) => this.#isFullWith(logId, record, most));
    return { bytes: this.#bytes - before, isFull };
  }

  #isFullWith(logId: number, { index, data, arrivalMs }: StoredRecord, most: Hints): boolean {
    if (this.#bytes > 0 && this.#bytes + data.length > most.bytes) return true;
    this.oldestMs = Math.min(this.oldestMs ?? Infinity, arrivalMs);
    const span = this.#spans.get(logId);
    // A span begins at its first record: later than where was asked from, when what was before has expired.
    if (span === undefined) this.#spans.set(logId, { from: index, to: index + 1 });
    else span.to = index + 1;
    this.#reached.set(logId, index + 1);
    this.#bytes += data.length;
    this.#count += 1;
    return this.#bytes >= most.bytes || this.#count >= most.records;
  }

  window(isBehind: boolean): Window {
    const spans = [...this.#spans].map(([logId, span]) => ({ logId, ...span }));
    return { spans, bytes: this.#bytes, oldestMs: this.oldestMs!, isBehind };
  }
}

/**
 * Calls `take` with a span's records, a page at a time; their data are lent until it has resolved. Rejects where some have
 * expired meanwhile: what is known of a window's records goes by their places.
 */
export async function readSpan(
  log: ShardLog,
  { logId, from, to }: Span,
  take: (records: readonly StoredRecord[]) => Promise<void> | void,
): Promise<void> {
  let index = from;
  while (index < to) {
    const { records, nextIndex } = await log.read(logId, index, page);
    if (nextIndex === index) throw new Error(`records from ${index} to ${to} of ${logId} are not in the log`);
    // What damage took is never there again: it is passed over, with every try.
    const hasExpired = records[0]?.index !== index && (log.status(logId)?.firstIndex ?? 0) > index;
    if (hasExpired) throw new Error(`records of ${logId} from ${index} on have expired`);
    const wanted = (records.at(-1)?.index ?? 0) < to ? records : records.filter((record) => record.index < to);
    if (wanted.length > 0) await take(wanted);
    index = nextIndex;
  }
}
