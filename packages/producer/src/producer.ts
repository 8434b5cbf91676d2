import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { PutRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import { holdProcess, realWorld } from '@millrace/world';
import type { World } from '@millrace/world';
import type { Writable } from 'node:stream';
import type { Entry, Pending } from './entry.ts';
import { BufferFullError, DeliveryError, ProducerClosedError } from './errors.ts';
import type { Attempt } from './errors.ts';
import { entryOf, Gatherings } from './gathering.ts';
import {
  besideBytes,
  longestKey,
  mostBytes,
  firstBackoffMs,
  longestBackoffMs,
  refusedForOne,
  final,
} from './limits.ts';
import { settingsOf } from './options.ts';
import type { ProducerOptions, Settings } from './options.ts';
import { mostRecords, Outbox } from './outbox.ts';
import { hashKeyOf, placeOf, ShardMap, streamReference } from './shard-map.ts';
import type { HashKey, ShardRange } from './shard-map.ts';
import { putAll, writableOf } from './sources.ts';
import type { ProducerMetrics, ProducerRecord, PutResult } from './types.ts';

/**
 * Puts records: gathers small ones in one (by the shard they will go to), batches those into PutRecords, keeps each shard's
 * rate, sends again what failed and nothing else, and holds no more than `maxBufferedBytes`. At least once: where an answer was
 * lost, a record may be stored twice; it is reported once.
 */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #settings: Settings;
  readonly #world: Pick<World, 'clock' | 'random'>;
  readonly #shards: ShardMap;
  readonly #outbox: Outbox;
  readonly #gatherings: Gatherings;
  /** In ordered mode: what waits until the shards are known, or known anew. */
  readonly #held: Pending[] = [];
  readonly #waitingForQuiet: (() => void)[] = [];
  #isRouting = false;
  #sweep: { cancel(): void } | undefined;
  #order = 0;
  readonly #waitingForRoom: (() => void)[] = [];
  readonly #waitingForLess: (() => void)[] = [];
  readonly #counters = {
    userRecordsPut: 0,
    userRecordsStored: 0,
    userRecordsFailed: 0,
    kinesisRecordsStored: 0,
    requests: 0,
    retries: 0,
  };
  #bufferedBytes = 0;
  /** Neither stored nor given up, the oldest first. */
  readonly #unsettled = new Set<Pending>();
  #requests = 0;
  #wake: { readonly atMs: number; readonly timer: { cancel(): void } } | undefined;
  #nextRefreshMs = 0;
  #hold: { release(): void } | undefined;
  #isClosed = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#settings = settingsOf(options);
    this.#world = options.world ?? realWorld();
    this.#shards = new ShardMap(options);
    this.#outbox = new Outbox(this.#settings);
    const { lingerMs, aggregationMaxBytes: maxBytes } = this.#settings;
    const ready = (entry: Entry): void => {
      this.#outbox.add(entry);
      this.#sendLater(0);
    };
    this.#gatherings = new Gatherings({ clock: this.#world.clock, lingerMs, maxBytes, ready });
  }

  /**
   * Resolves when the record is stored. Rejects with DeliveryError when it was not within its time to live or never will be,
   * with BufferFullError and ProducerClosedError when it was not taken at all.
   */
  put({ partitionKey, explicitHashKey, data }: ProducerRecord): Promise<PutResult> {
    if (this.#isClosed) return Promise.reject(new ProducerClosedError('the producer is closed'));
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const size = bytes.length + Buffer.byteLength(partitionKey);
    const cost = size + besideBytes;
    if (this.#bufferedBytes + cost > 2 * this.#settings.maxBufferedBytes && this.#unsettled.size > 0)
      return Promise.reject(new BufferFullError(`${this.#bufferedBytes} bytes wait to be stored`));
    let key: HashKey;
    try {
      key = hashKeyOf(partitionKey, explicitHashKey);
    } catch {
      return Promise.reject(new DeliveryError(`${explicitHashKey} is no hash key`, []));
    }
    if (partitionKey.length < 1 || partitionKey.length > longestKey || bytes.length > mostBytes)
      return Promise.reject(
        new DeliveryError(`a record has a key of 1 to ${longestKey} characters and ${mostBytes} bytes at most`, []),
      );
    this.#counters.userRecordsPut += 1;
    this.#bufferedBytes += cost;
    this.#hold ??= holdProcess();
    return new Promise((resolve, reject) => {
      const record = { partitionKey, explicitHashKey, data: bytes };
      const deadlineMs = this.#world.clock.monotonicMs() + this.#settings.recordTtlMs;
      const pending = { record, key, order: this.#order++, bytes: size, deadlineMs, attempts: [], resolve, reject };
      this.#unsettled.add(pending);
      this.#sweepLater();
      this.#take(pending);
    });
  }

  /** Resolves when there is room for more; at once when there is. */
  ready(): Promise<void> {
    if (this.#bufferedBytes < this.#settings.maxBufferedBytes) return Promise.resolve();
    return new Promise((resolve) => void this.#waitingForRoom.push(resolve));
  }

  /** Puts all records of a source, waiting for room; yields the results in their order. */
  putAll(records: AsyncIterable<ProducerRecord> | Iterable<ProducerRecord>): AsyncGenerator<PutResult> {
    return putAll(this, records);
  }

  /** A stream of objects whose writes are puts; a record that fails ends it with its error. */
  writable(): Writable {
    return writableOf(this);
  }

  /** Sends what waits for others, and resolves when everything that was put before is stored or given up. */
  async flush(): Promise<void> {
    this.#gatherings.finishAll();
    this.#sendLater(0);
    const until = this.#order;
    const isOver = (): boolean => {
      const [oldest] = this.#unsettled;
      return oldest === undefined || oldest.order >= until;
    };
    while (!isOver()) await new Promise<void>((resolve) => void this.#waitingForLess.push(resolve));
  }

  /** Takes no more records, and resolves when all are stored or given up. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    this.#wake?.timer.cancel();
    this.#sweep?.cancel();
  }

  metrics(): ProducerMetrics {
    return { ...this.#counters, bufferedBytes: this.#bufferedBytes };
  }

  /** To the records that gather for its shard. */
  #take(pending: Pending): void {
    const { aggregation, lingerMs, ordered } = this.#settings;
    if (ordered && (this.#isRouting || !this.#shards.isKnown)) {
      this.#held.push(pending);
      void this.#route();
      return;
    }
    const shardId = this.#shards.shardOf(pending.key)?.shardId;
    // Without the map nobody knows which records go together.
    if (aggregation && shardId !== undefined) {
      this.#gatherings.add(pending, shardId);
      return;
    }
    this.#outbox.add(entryOf([pending], shardId));
    if (shardId === undefined) void this.#learnShards();
    this.#sendLater(this.#outbox.count >= mostRecords ? 0 : lingerMs);
  }

  /**
   * In ordered mode, when the shards are not known or have changed: nothing is sent until all that is under way is answered and
   * the shards are known anew; then everything that waits goes its way again, in the order of the puts.
   */
  async #route(): Promise<void> {
    if (this.#isRouting) return;
    this.#isRouting = true;
    while (this.#requests > 0) await new Promise<void>((resolve) => void this.#waitingForQuiet.push(resolve));
    while (this.#unsettled.size > 0 && !(await this.#hasLearnt())) await this.#pause(longestBackoffMs / 4);
    const waiting = [
      ...this.#held.splice(0),
      ...this.#gatherings.drain(),
      ...this.#outbox.drain().flatMap(({ users }) => users),
    ];
    waiting.sort((one, other) => one.order - other.order);
    this.#isRouting = false;
    for (const pending of waiting) this.#take(pending);
    this.#send();
  }

  /** False where the shards cannot be listed; what has no time left is given up meanwhile. */
  async #hasLearnt(): Promise<boolean> {
    try {
      await this.#shards.refresh();
      this.#outbox.keepRates(this.#shards.ids);
      return true;
    } catch (error) {
      const { name: code, message } = error as Error;
      const attempt = { code, message, atMs: this.#world.clock.now() };
      const now = this.#world.clock.monotonicMs();
      for (const { attempts } of this.#held) attempts.push(attempt);
      const late = this.#held.filter(({ deadlineMs }) => final.has(code) || deadlineMs <= now);
      const kept = this.#held.filter((pending) => !late.includes(pending));
      this.#held.splice(0, Infinity, ...kept);
      this.#giveUp(late, `the shards cannot be listed: ${code}: ${message}`);
      return false;
    }
  }

  /** A hook that throws is its maker's affair: records do not suffer. */
  #tell(hook: () => void): void {
    try {
      hook();
    } catch {
      // Nobody is there to be told.
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#world.clock.setTimer(ms, resolve));
  }

  /** Failing to learn the shards is no failure: records go one by one meanwhile, and a later put asks again. */
  async #learnShards(): Promise<void> {
    const now = this.#world.clock.monotonicMs();
    if (now < this.#nextRefreshMs) return;
    try {
      await this.#shards.refresh();
      this.#outbox.keepRates(this.#shards.ids);
    } catch {
      this.#nextRefreshMs = now + longestBackoffMs;
    }
  }

  /** At the latest after `delayMs`; with 0 after this turn, so that what is put in it goes in the same request. */
  #sendLater(delayMs: number): void {
    const atMs = this.#world.clock.monotonicMs() + delayMs;
    if (this.#wake !== undefined && this.#wake.atMs <= atMs) return;
    this.#wake?.timer.cancel();
    const timer = this.#world.clock.setTimer(delayMs, () => {
      this.#wake = undefined;
      this.#send();
    });
    this.#wake = { atMs, timer };
  }

  #send(): void {
    const now = this.#world.clock.monotonicMs();
    for (const entry of this.#outbox.takeExpired(({ users }) => users.every(({ deadlineMs }) => deadlineMs <= now)))
      this.#giveUp(entry.users, 'the record was not stored within its time to live');
    if (this.#isRouting) return;
    while (this.#outbox.count > 0 && this.#requests < this.#settings.maxRequests) {
      const { entries, waitMs } = this.#outbox.take(now);
      if (entries.length === 0) {
        if (waitMs < Infinity) this.#sendLater(Math.max(1, waitMs));
        return;
      }
      void this.#request(entries);
    }
  }

  async #request(entries: readonly Entry[]): Promise<void> {
    this.#requests += 1;
    this.#counters.requests += 1;
    const { client, stream, hooks } = this.#options;
    const { clock } = this.#world;
    const began = clock.monotonicMs();
    const again: Entry[] = [];
    try {
      const answer = await client.send(
        new PutRecordsCommand({
          ...streamReference(stream),
          Records: entries.map(({ partitionKey, explicitHashKey, data }) => ({
            PartitionKey: partitionKey,
            ...(explicitHashKey !== undefined && { ExplicitHashKey: explicitHashKey }),
            Data: data,
          })),
        }),
      );
      await this.#settle(entries, answer, again);
    } catch (error) {
      const { name, message } = error as Error;
      const attempt = { code: name, message, atMs: clock.now() };
      const isOneOfMany = entries.length > 1 && refusedForOne.has(name);
      for (const entry of entries) {
        if (isOneOfMany) again.push(Object.assign(entry, { isSuspect: true }));
        else this.#failed(entry, attempt, again);
      }
    }
    this.#requests -= 1;
    this.#outbox.release(entries);
    this.#outbox.addAgain(again);
    if (this.#requests === 0) for (const resolve of this.#waitingForQuiet.splice(0)) resolve();
    this.#tell(() =>
      hooks?.request?.({
        records: entries.length,
        userRecords: entries.reduce((sum, { users }) => sum + users.length, 0),
        failed: again.length,
        durationMs: clock.monotonicMs() - began,
      }),
    );
    this.#send();
  }

  async #settle(entries: readonly Entry[], answer: PutRecordsCommandOutput, again: Entry[]): Promise<void> {
    const results = answer.Records ?? [];
    for (const [at, entry] of entries.entries()) {
      const {
        ShardId: shardId,
        SequenceNumber: sequenceNumber,
        ErrorCode: code,
        ErrorMessage: message = '',
      } = results[at] ?? {};
      if (shardId === undefined || sequenceNumber === undefined) {
        this.#failed(entry, { code: code ?? 'NoResult', message, atMs: this.#world.clock.now() }, again);
        continue;
      }
      this.#counters.kinesisRecordsStored += 1;
      const isMoved = entry.shardId !== undefined && shardId !== entry.shardId;
      if (isMoved) void (this.#settings.ordered ? this.#route() : this.#learnShards());
      const range = isMoved && entry.users.length > 1 ? await this.#rangeOf(shardId) : undefined;
      this.#stored(entry, { shardId, sequenceNumber, range });
    }
  }

  /** Where nobody can tell, because the shards cannot be listed, all records count as stored. */
  #rangeOf(shardId: string): Promise<ShardRange | undefined> {
    return this.#shards.rangeOf(shardId).catch(() => undefined);
  }

  /**
   * A reshard may have taken an aggregated record to a shard that some of its records do not belong to: readers leave those out
   * there (see deaggregate's `within`), so they are put again.
   */
  #stored(
    entry: Entry,
    { shardId, sequenceNumber, range }: { shardId: string; sequenceNumber: string; range: ShardRange | undefined },
  ): void {
    for (const pending of entry.users) {
      if (range !== undefined && placeOf(pending.key, range) !== 0) {
        pending.attempts.push({ code: 'WrongShard', message: shardId, atMs: this.#world.clock.now() });
        this.#counters.retries += 1;
        this.#take(pending);
        continue;
      }
      this.#counters.userRecordsStored += 1;
      this.#settled(pending);
      pending.resolve({ shardId, sequenceNumber, attempts: pending.attempts.length + 1 });
    }
  }

  #failed(entry: Entry, attempt: Attempt, again: Entry[]): void {
    for (const { attempts } of entry.users) attempts.push(attempt);
    if (final.has(attempt.code)) {
      this.#giveUp(entry.users, `${attempt.code}: ${attempt.message}`);
      return;
    }
    const now = this.#world.clock.monotonicMs();
    if (entry.users.every(({ deadlineMs }) => deadlineMs <= now)) {
      this.#giveUp(entry.users, 'the record was not stored within its time to live');
      return;
    }
    this.#counters.retries += 1;
    this.#tell(() => this.#options.hooks?.retry?.(attempt));
    const longest = Math.min(longestBackoffMs, firstBackoffMs * 2 ** entry.tries);
    entry.tries += 1;
    entry.notBeforeMs = now + longest * (0.5 + this.#world.random.fraction() / 2);
    again.push(entry);
  }

  #giveUp(users: readonly Pending[], message: string): void {
    for (const pending of users) {
      this.#counters.userRecordsFailed += 1;
      this.#settled(pending);
      pending.reject(new DeliveryError(message, pending.attempts));
    }
  }

  #settled(pending: Pending): void {
    this.#bufferedBytes -= pending.bytes + besideBytes;
    this.#unsettled.delete(pending);
    if (this.#bufferedBytes < this.#settings.maxBufferedBytes)
      for (const resolve of this.#waitingForRoom.splice(0)) resolve();
    for (const resolve of this.#waitingForLess.splice(0)) resolve();
    if (this.#unsettled.size > 0) return;
    this.#hold?.release();
    this.#hold = undefined;
  }

  /** What waits is given up in time, also while no request comes back. */
  #sweepLater(): void {
    this.#sweep ??= this.#world.clock.setTimer(Math.min(1000, this.#settings.recordTtlMs), () => {
      this.#sweep = undefined;
      this.#send();
      if (this.#unsettled.size > 0) this.#sweepLater();
    });
  }
}
