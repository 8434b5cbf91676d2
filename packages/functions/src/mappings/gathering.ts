import { recordOrTime } from '@millrace/log';
import type { World } from '@millrace/world';
import { mostPageRecords, partsOf, payloadBytes, readPage } from './batch.ts';
import type { ItemSource, Part, Place, Range } from './batch.ts';
import type { MappingSettings, OpenWindow } from './mapping.ts';
import { windowStart } from './tumbling.ts';

/** AWS's payload of an invocation. */
export const mostPayloadBytes = 6_291_456;
/** What stands around the records, but for a window's state. */
const aroundBytes = 4096;
/** How soon a shard that is closing is looked at again. */
const closingMs = 20;

export interface Batch extends Range {
  readonly bytes: number;
  /** The last of its tumbling window: without records. */
  readonly isFinal: boolean;
  /** Of its tumbling window. */
  readonly windowMs: number | undefined;
}

export interface Gathering {
  readonly world: Pick<World, 'clock'>;
  readonly from: ItemSource;
  readonly settings: MappingSettings;
  readonly window: OpenWindow | undefined;
  readonly stop: AbortSignal;
  /** Behind the shard's last record; undefined while it is open, or not yet known to be closed. */
  endIndex(): number | undefined;
  /** The shard, the stream or the consumer is not there any more. */
  isGone(): boolean;
  /** All before this place is not for the function. */
  passed(place: Place): void;
}

/**
 * Resolves when a batch is due: it is full, its oldest record has waited for the batching window, its tumbling window is over, or
 * the shard ends. 'end' when there is nothing more in the shard, 'gone' when it is not there any more; undefined when `stop` fires
 * first.
 */
export async function nextBatch(at: Gathering, start: Place): Promise<Batch | 'end' | 'gone' | undefined> {
  const { stop, settings } = at;
  const growing = new GrowingBatch(at, start);
  // As many as fill the batch where every record is for it, then ever more: they may be few among others'.
  let pageRecords = settings.batchSize * at.from.lane.of;
  while (!stop.aborted) {
    if (at.isGone()) return 'gone';
    const { records, nextIndex } = await readPage(at.from, growing.to.index, Math.min(pageRecords, mostPageRecords));
    pageRecords *= 2;
    for (const record of records) {
      for (const part of partsOf(at.from, record, growing.to.index === record.index ? growing.to.sub : 0))
        if (growing.isFullBefore(part)) return growing.batch();
      growing.to = { index: record.index + 1, sub: 0 };
    }
    if (nextIndex > growing.to.index) growing.to = { index: nextIndex, sub: 0 };
    if (growing.count === 0) at.passed(growing.to);
    if (growing.count >= settings.batchSize) return growing.batch();
    if (!isOpen(at)) {
      const endIndex = at.endIndex();
      if (endIndex !== undefined && growing.to.index >= endIndex)
        return growing.count > 0 || at.window !== undefined ? growing.batch() : 'end';
    }
    if (records.length > 0) continue;
    const leftMs = growing.leftMs();
    if (leftMs <= 0) return growing.batch();
    await recordOrTimeOf(at, growing.to.index, leftMs);
  }
  return undefined;
}

class GrowingBatch {
  readonly #at: Gathering;
  readonly #from: Place;
  readonly #mostBytes: number;
  to: Place;
  count = 0;
  #bytes = 0;
  #windowMs: number | undefined;
  /** By the monotonic clock, so that a clock that steps back keeps nobody waiting. */
  #dueMs = Infinity;

  constructor(at: Gathering, from: Place) {
    this.#at = at;
    this.#from = from;
    this.to = from;
    this.#windowMs = at.window?.startMs;
    const stateBytes = at.window === undefined ? 0 : Buffer.byteLength(JSON.stringify(at.window.state));
    this.#mostBytes = mostPayloadBytes - aroundBytes - stateBytes;
  }

  /** Takes the part in where it fits. */
  isFullBefore(part: Part): boolean {
    const { settings, world, from } = this.#at;
    const bytes = payloadBytes(from, part);
    const windowMs = windowStart(part.arrivalMs, settings.tumblingSeconds);
    const isOtherWindow = this.#windowMs !== undefined && windowMs !== this.#windowMs;
    const isFull = this.count >= settings.batchSize || (this.count > 0 && this.#bytes + bytes > this.#mostBytes);
    if (isFull || isOtherWindow) {
      this.to = part.place;
      return true;
    }
    if (this.count === 0) this.#dueMs = world.clock.monotonicMs() + settings.windowSeconds * 1000;
    this.#windowMs = windowMs;
    this.count += 1;
    this.#bytes += bytes;
    this.to = { index: part.place.index, sub: part.place.sub + 1 };
    return false;
  }

  /** Until it is due though nothing more comes. */
  leftMs(): number {
    const { clock } = this.#at.world;
    const { tumblingSeconds } = this.#at.settings;
    const windowEndMs = this.#windowMs === undefined ? Infinity : this.#windowMs + tumblingSeconds * 1000;
    return Math.min(this.#dueMs - clock.monotonicMs(), windowEndMs - clock.now());
  }

  batch(): Batch {
    const isFinal = this.count === 0;
    return { from: this.#from, to: this.to, bytes: this.#bytes, isFinal, windowMs: this.#windowMs };
  }
}

/** Waits for a record at the index, for `delayMs`, or until the lane stops. */
function recordOrTimeOf(at: Gathering, index: number, delayMs: number): Promise<void> {
  const { world, from, stop } = at;
  const { log, shard } = from;
  const place = { logId: shard.logId, index };
  // A closed shard wakes at once, but its end is known only a moment later.
  const isClosing = !isOpen(at);
  const limitMs = isClosing ? Math.min(delayMs, closingMs) : delayMs;
  return recordOrTime({ clock: world.clock, log }, isClosing ? [] : [place], limitMs, stop);
}

function isOpen({ from: { log, shard } }: Gathering): boolean {
  return log.status(shard.logId)?.closed === false;
}
