import { AwsError } from '@millrace/model';
import { pause } from '@millrace/world';
import type { ByteBudget } from '@millrace/world';
import { runnableOf } from '../function-lookup.ts';
import { readName } from '../names.ts';
import type { Functions } from '../service.ts';
import { itemsIn } from './batch.ts';
import type { Item, ItemSource, Place, Range } from './batch.ts';
import type { FailureToSend } from './failure-destinations.ts';
import { failureRecord } from './failure-record.ts';
import type { Condition } from './failure-record.ts';
import { mostPayloadBytes, nextBatch } from './gathering.ts';
import type { Batch } from './gathering.ts';
import type { Mapping, MappingSettings, OpenWindow } from './mapping.ts';
import { outcomeOf } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { windowAfter, windowMembers } from './tumbling.ts';

const firstDelayMs = 1000;
const mostDelayMs = 60_000;

const problem = 'PROBLEM: Function call failed';
/** Of a batch while it is read and written as an event: its records, the event's text, and that in bytes. */
const readingCopies = 3;

export interface LaneCounters {
  batches: number;
  records: number;
  failures: number;
  /** Given up: retries used up, or too old. */
  discarded: number;
}

export interface LaneOptions {
  readonly service: Functions;
  readonly mapping: Mapping;
  readonly streamArn: string;
  readonly from: ItemSource;
  readonly stop: AbortSignal;
  /** Bounds what all batches that are with functions hold. */
  readonly memory: ByteBudget;
  readonly counters: LaneCounters;
  endIndex(): number | undefined;
  isGone(): boolean;
  /** The place or the window has moved, or the result is another. */
  moved(result: string | undefined): void;
}

/**
 * One part of a shard's partition keys: its records in order, batch after batch, each until the function has taken it, it went
 * to the failure destination, or it expired. Lanes know nothing of each other.
 */
export class Lane {
  place: Place;
  window: OpenWindow | undefined;
  isAtEnd = false;
  readonly #options: LaneOptions;
  readonly #settings: MappingSettings;

  constructor(options: LaneOptions, place: Place, window: OpenWindow | undefined) {
    this.#options = options;
    this.#settings = options.mapping.settings;
    this.place = place;
    this.window = window;
  }

  /** Resolves at the shard's end, when the shard is not there any more, or when it is told to stop. */
  async run(): Promise<void> {
    const { service, stop, from, moved, mapping } = this.#options;
    let delayMs = firstDelayMs;
    while (!stop.aborted) {
      try {
        const batch = await nextBatch(
          {
            ...{ world: service.world, from, settings: this.#settings, window: this.window, stop },
            endIndex: () => this.#options.endIndex(),
            isGone: () => this.#options.isGone(),
            passed: (place) => this.#moveTo(place),
          },
          this.place,
        );
        if (batch === undefined || batch === 'gone') return;
        if (batch === 'end') {
          this.isAtEnd = true;
          moved(undefined);
          return;
        }
        await this.#process(batch, 0);
        delayMs = firstDelayMs;
      } catch (error) {
        if (stop.aborted) return;
        service.report(`mapping ${mapping.uuid} goes on in ${delayMs} ms`, error);
        await pause(service.world.clock, delayMs, [stop]);
        delayMs = Math.min(2 * delayMs, mostDelayMs);
      }
    }
  }

  #moveTo(place: Place, result?: string): void {
    if (place.index === this.place.index && place.sub === this.place.sub && result === undefined) return;
    this.place = place;
    this.#options.moved(result);
  }

  /** A batch is done when this resolves, or the lane has stopped and the batch is still to do. */
  async #process(given: Batch, before: number): Promise<void> {
    const { service, stop, counters, moved } = this.#options;
    const { retryAttempts, bisect } = this.#settings;
    let batch = given;
    let attempts = before;
    let faultDelayMs = firstDelayMs;
    while (!stop.aborted) {
      const tried = await this.#attempt(batch, faultDelayMs === firstDelayMs);
      if (tried.type === 'nothing') return this.#moveTo(batch.to);
      if (tried.type === 'done') return this.#done(batch, tried.count, tried.answer);
      // What a stopping server has ended has not failed.
      if (stop.aborted) return;
      if (tried.type === 'unfit') {
        const part = { ...batch, from: tried.from, to: tried.to };
        await this.#giveUp(part, { ...tried, attempts, outcome: undefined, requestId: service.world.random.uuid() });
        this.#moveTo(tried.to);
        batch = startingAt(batch, tried.to);
        continue;
      }
      moved(problem);
      counters.failures += 1;
      if (tried.type === 'fault') {
        await pause(service.world.clock, faultDelayMs, [stop]);
        faultDelayMs = Math.min(2 * faultDelayMs, mostDelayMs);
        continue;
      }
      const { outcome, places, requestId } = tried;
      const rest = places[outcome.at];
      if (outcome.at > 0 && rest !== undefined) {
        counters.records += outcome.at;
        this.#moveTo(rest);
        batch = startingAt(batch, rest);
        attempts = 0;
      } else if (bisect && places.length > 1) {
        const middle = places[places.length >> 1]!;
        // Halving is not an attempt; the halves have those that are left.
        await this.#process({ ...batch, to: middle }, attempts);
        batch = startingAt(batch, middle);
        continue;
      } else {
        attempts += 1;
        if (retryAttempts >= 0 && attempts > retryAttempts) {
          await this.#giveUp(batch, { condition: 'RetryAttemptsExhausted', attempts, outcome, requestId });
          if (batch.isFinal) this.window = undefined;
          return this.#moveTo(batch.to, problem);
        }
      }
      await pause(service.world.clock, Math.min(firstDelayMs * 2 ** Math.max(0, attempts - 1), mostDelayMs), [stop]);
    }
  }

  #done(batch: Batch, count: number, answer: unknown): void {
    const { counters } = this.#options;
    counters.batches += 1;
    counters.records += count;
    this.window = windowAfter(batch, answer);
    this.#moveTo(batch.to, 'OK');
  }

  /**
   * Reads a batch and calls the function with it, or says which records it cannot be called with. Nothing of the records is held
   * when it resolves, and nothing but the event while the function has it.
   */
  async #attempt(batch: Batch, tellsFault: boolean): Promise<Tried> {
    const { service, mapping, memory, from } = this.#options;
    let heldBytes = readingCopies * batch.bytes;
    await memory.acquire(heldBytes);
    try {
      const prepared = await this.#prepared(batch);
      if (!('payload' in prepared)) return prepared;
      memory.release(heldBytes - batch.bytes);
      heldBytes = batch.bytes;
      const { payload, places, sequenceNumbers } = prepared;
      const requestId = service.world.random.uuid();
      const runnable = runnableOf(service, readName(mapping.functionArn, mapping));
      const invoked = await service.invoker.invoke({ requestId, runnable, payload });
      const outcome = outcomeOf(invoked, { sequenceNumbers, reportsItems: this.#settings.reportsItems });
      if (outcome.type === 'done') return { type: 'done', count: places.length, answer: outcome.answer };
      return { type: 'failed', outcome, places, requestId };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (tellsFault)
        service.report(`mapping ${mapping.uuid} cannot run its function for ${from.source.shardId} now`, error);
      return { type: 'fault' };
    } finally {
      memory.release(heldBytes);
    }
  }

  /** The event of a batch; else what keeps it from being one: no records any more, old ones at its head, or too large a one. */
  async #prepared(batch: Batch): Promise<Prepared | Tried> {
    const { service, from } = this.#options;
    const { recordAgeSeconds } = this.#settings;
    const items = await itemsIn(from, batch);
    const [first] = items;
    if (first === undefined && !batch.isFinal) return { type: 'nothing' };
    if (recordAgeSeconds >= 0) {
      const oldestMs = service.world.clock.now() - recordAgeSeconds * 1000;
      const young = items.findIndex(({ arrivalMs }) => arrivalMs >= oldestMs);
      if (young !== 0 && items.length > 0)
        return { type: 'unfit', condition: 'RecordAgeExceeded', from: batch.from, to: items[young]?.place ?? batch.to };
    }
    const { shardId, sourceArn } = from.source;
    const event = {
      Records: items.map(({ record }) => record),
      ...windowMembers(batch, this.#settings, { window: this.window, shardId, sourceArn }),
    };
    const payload = Buffer.from(JSON.stringify(event));
    // A single record can be larger than any event may be.
    if (payload.length > mostPayloadBytes && items.length === 1)
      return { type: 'unfit', condition: 'MaximumPayloadSizeExceeded', from: batch.from, to: batch.to };
    const sequenceNumbers = this.#settings.reportsItems ? items.map(({ record }) => record.kinesis.sequenceNumber) : [];
    return { payload, places: items.map(({ place }) => place), sequenceNumbers };
  }

  /**
   * Tells the failure destination of the records of a range, for as long as it takes: nothing is passed over untold. They are read
   * anew for each try, and not held in between.
   */
  async #giveUp(range: Batch, of: GivingUp): Promise<void> {
    const { service, mapping, from, counters, stop, memory } = this.#options;
    const { world, destinations } = service;
    const { onFailure } = this.#settings;
    const objectId = world.random.uuid();
    const heldBytes = readingCopies * range.bytes;
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(2 * delayMs, mostDelayMs)) {
      if (stop.aborted) throw new Error('the lane has stopped');
      await memory.acquire(heldBytes);
      const items = await itemsIn(from, range).catch((error: unknown) => {
        memory.release(heldBytes);
        throw error;
      });
      const what = `${items.length} records of ${from.source.shardId} of mapping ${mapping.uuid}`;
      try {
        if (items.length > 0 && onFailure !== undefined)
          await destinations.send(onFailure, this.#failureOf(items, { ...of, objectId }), stop);
        counters.discarded += items.length;
        service.report(`${what} are given up: ${of.condition}`, undefined);
        return;
      } catch (error) {
        service.report(`${what} are not at ${onFailure} yet`, error);
      } finally {
        memory.release(heldBytes);
      }
      await pause(world.clock, delayMs, [stop]);
    }
  }

  #failureOf(items: readonly Item[], of: GivingUp & { objectId: string }): FailureToSend {
    const { service, mapping, streamArn, from } = this.#options;
    const { uuid, functionArn } = mapping;
    const { attempts: invocations, ...others } = of;
    const where = { uuid, functionArn, streamArn, shardId: from.source.shardId };
    return failureRecord({ ...where, ...others, invocations, atMs: service.world.clock.now() }, items);
  }
}

/** What became of a batch that was to be given to the function. */
type Tried =
  | { readonly type: 'nothing' }
  | { readonly type: 'done'; readonly count: number; readonly answer: unknown }
  | {
      readonly type: 'failed';
      readonly outcome: Outcome & { readonly type: 'failed' };
      readonly places: readonly Place[];
      readonly requestId: string;
    }
  /** The function was not run. */
  | { readonly type: 'fault' }
  /** Records that the function is not to be called with; those behind them are. */
  | ({ readonly type: 'unfit'; readonly condition: Condition } & Range);

interface Prepared {
  readonly payload: Buffer;
  readonly places: readonly Place[];
  readonly sequenceNumbers: readonly string[];
}

interface GivingUp {
  readonly condition: Condition;
  readonly attempts: number;
  readonly outcome: Outcome | undefined;
  readonly requestId: string;
}

function startingAt(batch: Batch, from: Place): Batch {
  return { ...batch, from };
}
