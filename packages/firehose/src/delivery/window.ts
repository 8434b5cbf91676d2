import type { ShardLog, StoredRecord } from '@millrace/log';
import type { World } from '@millrace/world';

/** Records that go into one object. */
export interface Window {
  readonly from: number;
  /** Behind the last. */
  readonly to: number;
  readonly bytes: number;
  readonly oldestMs: number;
  readonly newestMs: number;
}

/** When a buffer is delivered: whichever comes first. Read anew at every look, since UpdateDestination changes it. */
export interface Hints {
  readonly bytes: number;
  readonly intervalMs: number;
}

interface Place {
  readonly world: Pick<World, 'clock'>;
  readonly log: ShardLog;
  readonly logId: number;
}

const page = { maxRecords: 10_000, maxBytes: 1 << 20 };

/**
 * Resolves when the records from `from` on are due: there are as many bytes as the hints want, or the oldest has waited its
 * time. Only lengths are looked at here; undefined when `stop` fires first. Waiting goes by the monotonic clock, so that a
 * clock that steps back keeps nobody waiting longer.
 */
export async function dueWindow(
  place: Place,
  from: number,
  hints: () => Hints,
  stop: AbortSignal,
): Promise<Window | undefined> {
  const { world, log, logId } = place;
  const found = new Growing();
  let index = from;
  let deadlineMs = Infinity;
  while (!stop.aborted) {
    const { bytes, intervalMs } = hints();
    const { records, nextIndex } = await log.read(logId, index, page);
    for (const record of records) if (found.isFullWith(record, bytes)) return found.window();
    index = nextIndex;
    if (records.length > 0) continue;
    if (found.oldestMs !== undefined) {
      const ageMs = Math.max(0, world.clock.now() - found.oldestMs);
      // From the first sight on, the deadline can only come nearer.
      deadlineMs = Math.min(deadlineMs, world.clock.monotonicMs() + Math.max(0, intervalMs - ageMs));
      if (world.clock.monotonicMs() >= deadlineMs) return found.window();
    }
    await recordOrTime(place, index, deadlineMs - world.clock.monotonicMs(), stop);
  }
  return undefined;
}

class Growing {
  oldestMs: number | undefined;
  #newestMs = 0;
  #from = 0;
  #to = 0;
  #bytes = 0;

  /** Takes the record in where it fits, and says whether the window is full. */
  isFullWith({ index, data, arrivalMs }: StoredRecord, limitBytes: number): boolean {
    if (this.#bytes > 0 && this.#bytes + data.length > limitBytes) return true;
    if (this.oldestMs === undefined) {
      this.oldestMs = arrivalMs;
      // Later than where was asked from, when what was before has expired.
      this.#from = index;
    }
    this.#newestMs = arrivalMs;
    this.#to = index + 1;
    this.#bytes += data.length;
    return this.#bytes >= limitBytes;
  }

  window(): Window {
    const [from, to, bytes] = [this.#from, this.#to, this.#bytes];
    return { from, to, bytes, oldestMs: this.oldestMs!, newestMs: this.#newestMs };
  }
}

/** Calls `take` with copies of the window's data, in pieces of up to a page. */
export async function readWindow(
  { log, logId }: Place,
  { from, to }: Window,
  take: (records: readonly StoredRecord[]) => Promise<void> | void,
): Promise<void> {
  let index = from;
  while (index < to) {
    const { records, nextIndex } = await log.read(logId, index, page);
    if (nextIndex === index) throw new Error(`records from ${index} to ${to} are not in the log`);
    await take(records.at(-1)!.index < to ? records : records.filter((record) => record.index < to));
    index = nextIndex;
  }
}

/** Resolves at a record at `index`, after `delayMs`, or when `stop` fires. */
function recordOrTime({ world, log, logId }: Place, index: number, delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      waiting.cancel();
      timer?.cancel();
      stop.removeEventListener('abort', finish);
      resolve();
    };
    const timer = delayMs === Infinity ? undefined : world.clock.setTimer(Math.max(0, delayMs), finish);
    const waiting = log.wait(logId, index, finish);
    stop.addEventListener('abort', finish);
    if (stop.aborted) finish();
  });
}
