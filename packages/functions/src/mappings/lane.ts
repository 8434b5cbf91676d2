import { AwsError } from '@millrace/model';
import { pause } from '@millrace/world';
import type { ByteBudget } from '@millrace/world';
import { runnableOf } from '../function-lookup.ts';
import { readName } from '../names.ts';
import type { Functions } from '../service.ts';
import { itemsIn } from './batch.ts';
import type { Item, ItemSource, Place } from './batch.ts';
import { failureRecord } from './failure-record.ts';
import { nextBatch } from './gathering.ts';
import type { Batch } from './gathering.ts';
import type { Mapping, MappingSettings, OpenWindow } from './mapping.ts';
import { outcomeOf } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { windowAfter, windowMembers } from './tumbling.ts';

const firstDelayMs = 1000;
const mostDelayMs = 60_000;

const problem = 'PROBLEM: Function call failed';

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

  /** Resolves at the shard's end, or when it is told to stop. */
  async run(): Promise<void> {
    const { service, stop, from, moved, mapping } = this.#options;
    let delayMs = firstDelayMs;
    while (!stop.aborted) {
      try {
        const batch = await nextBatch(
          {
            ...{ world: service.world, from, settings: this.#settings, window: this.window, stop },
            endIndex: () => this.#options.endIndex(),
            passed: (place) => this.#moveTo(place),
          },
          this.place,
        );
        if (batch === undefined) return;
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
      const items = await this.#fresh(batch, attempts);
      if (items.length === 0 && !batch.isFinal) return this.#moveTo(batch.to);
      if (items[0] !== undefined) batch = startingAt(batch, items[0].place);
      const requestId = service.world.random.uuid();
      const outcome = await this.#attempt(batch, items, requestId);
      // What a stopping server has ended has not failed.
      if (stop.aborted && outcome?.type !== 'done') return;
      if (outcome?.type === 'done') return this.#done(batch, items.length, outcome.answer);
      moved(problem);
      counters.failures += 1;
      if (outcome === undefined) {
        await pause(service.world.clock, faultDelayMs, [stop]);
        faultDelayMs = Math.min(2 * faultDelayMs, mostDelayMs);
        continue;
      }
      const rest = items[outcome.at]?.place;
      if (outcome.at > 0 && rest !== undefined) {
        counters.records += outcome.at;
        this.#moveTo(rest);
        batch = startingAt(batch, rest);
        attempts = 0;
      } else if (bisect && items.length > 1) {
        const middle = items[items.length >> 1]!.place;
        // Halving is not an attempt; the halves have those that are left.
        await this.#process({ ...batch, to: middle }, attempts);
        if (stop.aborted) return;
        batch = startingAt(batch, middle);
        continue;
      } else {
        attempts += 1;
        if (retryAttempts >= 0 && attempts > retryAttempts) {
          await this.#giveUp(items, { condition: 'RetryAttemptsExhausted', attempts, outcome, requestId });
          if (stop.aborted) return;
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

  /** The items that are young enough; those before them are given up. */
  async #fresh(batch: Batch, attempts: number): Promise<Item[]> {
    const { service, from } = this.#options;
    const { recordAgeSeconds } = this.#settings;
    const items = await itemsIn(from, batch);
    if (recordAgeSeconds < 0) return items;
    const oldestMs = service.world.clock.now() - recordAgeSeconds * 1000;
    const young = items.findIndex(({ arrivalMs }) => arrivalMs >= oldestMs);
    const old = young === -1 ? items : items.slice(0, young);
    if (old.length === 0) return items;
    const requestId = service.world.random.uuid();
    await this.#giveUp(old, { condition: 'RecordAgeExceeded', attempts, outcome: undefined, requestId });
    const fresh = items.slice(old.length);
    this.#moveTo(fresh[0]?.place ?? batch.to);
    return fresh;
  }

  /** Undefined where the function was not run. */
  async #attempt(batch: Batch, items: readonly Item[], requestId: string): Promise<Outcome | undefined> {
    const { service, mapping, from, memory } = this.#options;
    // The event, its text and its copy on the way.
    const bytes = 3 * batch.bytes;
    await memory.acquire(bytes);
    try {
      const { shardId, sourceArn } = from.source;
      const event = {
        Records: items.map(({ record }) => record),
        ...windowMembers(batch, this.#settings, { window: this.window, shardId, sourceArn }),
      };
      const runnable = runnableOf(service, readName(mapping.functionArn, mapping));
      const invoked = await service.invoker.invoke({
        requestId,
        runnable,
        payload: Buffer.from(JSON.stringify(event)),
      });
      const sequenceNumbers = items.map(({ record }) => record.kinesis.sequenceNumber);
      return outcomeOf(invoked, { sequenceNumbers, reportsItems: this.#settings.reportsItems });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return undefined;
    } finally {
      memory.release(bytes);
    }
  }

  /** Tells the failure destination, for as long as it takes: nothing is passed over untold. */
  async #giveUp(
    items: readonly Item[],
    of: {
      condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
      attempts: number;
      outcome: Outcome | undefined;
      requestId: string;
    },
  ): Promise<void> {
    const { service, mapping, streamArn, from, counters, stop } = this.#options;
    const { world, destinations } = service;
    const { condition, attempts: invocations, outcome, requestId } = of;
    const { onFailure } = this.#settings;
    const what = `${items.length} records of ${from.source.shardId} of mapping ${mapping.uuid}`;
    if (items.length > 0 && onFailure !== undefined) {
      const { uuid, functionArn } = mapping;
      const { shardId } = from.source;
      const told = { uuid, functionArn, streamArn, shardId, condition, invocations, outcome, requestId };
      const failure = failureRecord({ ...told, atMs: world.clock.now(), objectId: world.random.uuid() }, items);
      for (let delayMs = firstDelayMs; !stop.aborted; delayMs = Math.min(2 * delayMs, mostDelayMs)) {
        try {
          await destinations.send(onFailure, failure);
          break;
        } catch (error) {
          service.report(`${what} are not at ${onFailure} yet`, error);
          await pause(world.clock, delayMs, [stop]);
        }
      }
      if (stop.aborted) throw new Error('the lane has stopped');
    }
    counters.discarded += items.length;
    service.report(`${what} are given up: ${condition}`, undefined);
  }
}

function startingAt(batch: Batch, from: Place): Batch {
  return { ...batch, from };
}
