import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { PutRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import type { Span } from '@opentelemetry/api';
import type { Clock, Timer, World } from '@millrace/world';
import { entryOf } from './entry.ts';
import type { Entry } from './entry.ts';
import { Gatherings } from './gathering.ts';
import type { Ledger } from './ledger.ts';
import { final, firstBackoffMs, longestBackoffMs, refusedForOne, throttled } from './limits.ts';
import type { ProducerOptions, Settings } from './options.ts';
import { Outbox } from './outbox.ts';
import { markAttempt } from './pending.ts';
import type { Pending } from './pending.ts';
import { Routing } from './routing.ts';
import { areDifferent, birthOf, placeOf, streamReference } from './shard-map.ts';
import { inSendSpan, markFailed } from './tracing.ts';
import type { PutResult } from './types.ts';

/** What becomes of a request's records. */
interface Outcome {
  /** Sent again. */
  readonly again: Entry[];
  throttled: number;
  error: Error | undefined;
}

const tooLate = 'the record was not stored within its time to live';

/** The way of a record from its shard to its answer: gathered, sent, sent again, stored or given up. */
export class Delivery {
  readonly #options: Pick<ProducerOptions, 'client' | 'stream' | 'hooks'>;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #random: World['random'];
  readonly #ledger: Ledger;
  readonly #expire: (nowMs: number) => void;
  readonly #outbox: Outbox;
  readonly #gatherings: Gatherings;
  readonly #routing: Routing;
  #wake: { readonly atMs: number; readonly timer: Timer } | undefined;
  #isDeferred = false;
  #sweep: Timer | undefined;
  #waitingForQuiet: (() => void)[] = [];

  constructor(
    options: Pick<ProducerOptions, 'client' | 'stream' | 'hooks'>,
    {
      settings,
      world,
      ledger,
      expire,
    }: {
      settings: Settings;
      world: Pick<World, 'clock' | 'random'>;
      ledger: Ledger;
      /** Told now and then what time it is, to give up what has not come here yet. */
      expire(nowMs: number): void;
    },
  ) {
    this.#options = options;
    this.#settings = settings;
    this.#clock = world.clock;
    this.#random = world.random;
    this.#ledger = ledger;
    this.#expire = expire;
    this.#outbox = new Outbox(settings);
    this.#gatherings = new Gatherings({
      clock: world.clock,
      lingerMs: settings.lingerMs,
      maxBytes: settings.aggregationMaxBytes,
      ready: (entry) => this.#add(entry),
    });
    this.#routing = new Routing(options, {
      clock: world.clock,
      timeoutMs: settings.requestTimeoutMs,
      isOrdered: settings.ordered,
      isNeeded: () => !ledger.isEmpty,
      quiet: () => this.#quiet(),
      giveUp: (users, message) => this.giveUp(users, message),
      learnt: (shardIds) => this.#outbox.keepShards(shardIds),
      drain: () => [...this.#gatherings.drain(), ...this.#outbox.drain().flatMap(({ users }) => users)],
      routed: (waiting) => {
        for (const pending of waiting) this.take(pending);
        this.#send();
      },
    });
  }

  /** To the records that gather for its shard. */
  take(pending: Pending): void {
    if (this.#routing.holds(pending)) return;
    const shard = this.#routing.shardOf(pending);
    // Without the map nobody knows which records go together.
    if (this.#settings.aggregation && shard !== undefined) this.#gatherings.add(pending, shard);
    else this.#add(entryOf([pending], pending, { shard, dueMs: this.#clock.monotonicMs() + this.#settings.lingerMs }));
  }

  /** Sends what waits for others. */
  flush(): void {
    this.#gatherings.finishAll();
    this.#outbox.hurry();
    this.#sendSoon();
  }

  /** Sends what gathers, when nothing else is under way or about to be: what is waited for does not wait for more. */
  flushIfIdle(): void {
    if (this.#ledger.counters.requestsUnderWay === 0 && this.#outbox.isEmpty) this.flush();
  }

  stop(): void {
    this.#wake?.timer.cancel();
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }

  giveUp(users: readonly Pending[], message: string): void {
    if (users.length === 0) return;
    this.#ledger.giveUp(users, message);
    this.#tell(() => this.#options.hooks?.givenUp?.({ userRecords: users.length, message }));
  }

  #add(entry: Entry): void {
    this.#outbox.add(entry);
    const { dueMs } = this.#outbox;
    if (dueMs === 0) this.#sendSoon();
    else this.#sendAt(dueMs);
  }

  /** A hook that throws is its maker's affair: records do not suffer. */
  #tell(hook: () => void): void {
    try {
      hook();
    } catch {
      // Nobody is there to be told.
    }
  }

  /** After this turn, so that what is put in it goes in the same request. */
  #sendSoon(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(() => {
      this.#isDeferred = false;
      this.#send();
    });
  }

  #sendAt(atMs: number): void {
    if (this.#wake !== undefined && this.#wake.atMs <= atMs) return;
    this.#wake?.timer.cancel();
    const timer = this.#clock.setTimer(Math.max(0, atMs - this.#clock.monotonicMs()), () => {
      this.#wake = undefined;
      this.#send();
    });
    this.#wake = { atMs, timer };
  }

  #send(): void {
    if (this.#routing.isUnderWay) return;
    const now = this.#clock.monotonicMs();
    while (this.#ledger.counters.requestsUnderWay < this.#settings.maxRequests) {
      const { dueMs } = this.#outbox;
      if (dueMs > now) {
        if (dueMs < Infinity) this.#sendAt(dueMs);
        return;
      }
      const { entries, waitMs } = this.#outbox.take(now);
      if (entries.length === 0) {
        if (waitMs < Infinity) this.#sendAt(now + Math.max(1, waitMs));
        return;
      }
      void this.#request(entries);
    }
  }

  async #request(entries: readonly Entry[]): Promise<void> {
    const { counters } = this.#ledger;
    counters.requestsUnderWay += 1;
    counters.requests += 1;
    const began = this.#clock.monotonicMs();
    const oldestMs = this.#countBuffering(entries, began);
    const outcome: Outcome = { again: [], throttled: 0, error: undefined };
    await inSendSpan({ stream: this.#options.stream, entries }, async (span) => {
      let answer: PutRecordsCommandOutput;
      try {
        answer = await this.#put(entries);
      } catch (error) {
        this.#failedAsAWhole(entries, { error: error as Error, outcome, span });
        return;
      }
      await this.#settle(entries, answer, outcome);
      const [first] = outcome.again;
      if (first !== undefined)
        markFailed(span, first.users[0]!.attempts.at(-1)!.code, `${outcome.again.length} failed`);
    });
    counters.requestsUnderWay -= 1;
    this.#outbox.release(entries);
    this.#outbox.addAgain(outcome.again);
    if (counters.requestsUnderWay === 0) for (const resolve of this.#waitingForQuiet.splice(0)) resolve();
    this.#tell(() =>
      this.#options.hooks?.request?.({
        records: entries.length,
        userRecords: entries.reduce((sum, { users }) => sum + users.length, 0),
        bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
        failed: outcome.again.length,
        throttled: outcome.throttled,
        durationMs: this.#clock.monotonicMs() - began,
        oldestMs,
        error: outcome.error,
      }),
    );
    this.#send();
  }

  /** Aborted where it hangs, or where its answer would come too late for all of its records. */
  async #put(entries: readonly Entry[]): Promise<PutRecordsCommandOutput> {
    const { client, stream } = this.#options;
    const abort = new AbortController();
    const deadlineMs = entries.reduce((latest, entry) => Math.max(latest, entry.deadlineMs), 0);
    const leftMs = Math.max(1000, deadlineMs - this.#clock.monotonicMs());
    const timer = this.#clock.setTimer(Math.min(leftMs, this.#settings.requestTimeoutMs), () => abort.abort());
    try {
      return await client.send(
        new PutRecordsCommand({
          ...streamReference(stream),
          Records: entries.map(({ partitionKey, explicitHashKey, data }) =>
            explicitHashKey === undefined
              ? { PartitionKey: partitionKey, Data: data }
              : { PartitionKey: partitionKey, ExplicitHashKey: explicitHashKey, Data: data },
          ),
        }),
        { abortSignal: abort.signal },
      );
    } finally {
      timer.cancel();
    }
  }

  /** Of what is sent for the first time; answers how long the oldest record has waited. */
  #countBuffering(entries: readonly Entry[], nowMs: number): number {
    let oldest = nowMs;
    let sum = 0;
    for (const { users, tries, isSuspect } of entries) {
      for (const { putMs } of users) {
        if (putMs < oldest) oldest = putMs;
        if (tries === 0 && !isSuspect) sum += nowMs - putMs;
      }
    }
    this.#ledger.counters.bufferingMs += sum;
    return nowMs - oldest;
  }

  #failedAsAWhole(
    entries: readonly Entry[],
    { error, outcome, span }: { error: Error; outcome: Outcome; span: Span },
  ): void {
    const { name, message } = error;
    this.#ledger.counters.requestsFailed += 1;
    outcome.error = error;
    markFailed(span, name, message);
    const isOneOfMany = entries.length > 1 && refusedForOne.has(name);
    for (const entry of entries) {
      if (isOneOfMany) outcome.again.push(Object.assign(entry, { isSuspect: true }));
      else this.#failed(entry, { code: name, message }, outcome);
    }
  }

  async #settle(entries: readonly Entry[], answer: PutRecordsCommandOutput, outcome: Outcome): Promise<void> {
    const results = answer.Records ?? [];
    for (const [at, entry] of entries.entries()) {
      const { ShardId: shardId, SequenceNumber: sequenceNumber, ErrorCode, ErrorMessage = '' } = results[at] ?? {};
      if (shardId === undefined || sequenceNumber === undefined) {
        this.#failed(entry, { code: ErrorCode ?? 'NoResult', message: ErrorMessage }, outcome);
        continue;
      }
      this.#ledger.counters.kinesisRecordsStored += 1;
      this.#ledger.counters.bytesStored += entry.bytes;
      const birth = birthOf(sequenceNumber);
      const isMoved = entry.shardId !== undefined && (shardId !== entry.shardId || areDifferent(birth, entry.birth));
      if (isMoved) this.#routing.refresh();
      if (isMoved && entry.users.length > 1 && (await this.#isLeftOut(entry, shardId, birth)))
        this.#putAgain(entry, shardId);
      else this.#stored(entry, { shardId, sequenceNumber });
    }
  }

  /**
   * A reshard may have taken an aggregated record to a shard that some of its records do not belong to: readers leave out all of
   * it there (see deaggregate's `within`). So may a stream that was deleted and made again with other ranges. Where nobody can tell, because the shards cannot be listed, it is taken for left out.
   */
  async #isLeftOut({ users }: Entry, shardId: string, birth: bigint | undefined): Promise<boolean> {
    try {
      const range = await this.#routing.rangeOf(shardId, birth);
      return range !== undefined && users.some((pending) => placeOf(pending, range) !== 0);
    } catch {
      this.#routing.forget();
      return true;
    }
  }

  #putAgain({ users }: Entry, shardId: string): void {
    this.#ledger.counters.retries += 1;
    markAttempt(users, { code: 'WrongShard', message: shardId, atMs: this.#clock.now() });
    for (const pending of users) this.take(pending);
  }

  #stored({ users }: Entry, { shardId, sequenceNumber }: { shardId: string; sequenceNumber: string }): void {
    let result: PutResult | undefined;
    for (const pending of users) {
      const attempts = pending.failures + 1;
      if (result?.attempts !== attempts) result = Object.freeze({ shardId, sequenceNumber, attempts });
      this.#ledger.stored(pending, result);
    }
  }

  #failed(entry: Entry, { code, message }: { code: string; message: string }, outcome: Outcome): void {
    const attempt = { code, message, atMs: this.#clock.now() };
    markAttempt(entry.users, attempt);
    if (final.has(code)) {
      this.giveUp(entry.users, `${code}: ${message}`);
      return;
    }
    const now = this.#clock.monotonicMs();
    if (entry.deadlineMs <= now) {
      this.giveUp(entry.users, tooLate);
      return;
    }
    this.#ledger.counters.retries += 1;
    if (throttled.has(code)) {
      this.#ledger.counters.throttles += 1;
      outcome.throttled += 1;
    }
    this.#tell(() => this.#options.hooks?.retry?.(attempt));
    const longest = Math.min(longestBackoffMs, firstBackoffMs * 2 ** entry.tries);
    entry.tries += 1;
    entry.notBeforeMs = now + longest * (0.5 + this.#random.fraction() / 2);
    outcome.again.push(entry);
  }

  /** Resolves when no request is under way. */
  async #quiet(): Promise<void> {
    while (this.#ledger.counters.requestsUnderWay > 0)
      await new Promise<void>((resolve) => void this.#waitingForQuiet.push(resolve));
  }

  /** What waits is given up in time, also while no request comes back. Called with every put. */
  sweepLater(): void {
    this.#sweep ??= this.#clock.setTimer(Math.min(1000, this.#settings.recordTtlMs), () => {
      this.#sweep = undefined;
      const now = this.#clock.monotonicMs();
      this.#expire(now);
      this.#routing.expire(now, tooLate);
      for (const { users } of this.#outbox.takeExpired(now)) this.giveUp(users, tooLate);
      this.#send();
      if (!this.#ledger.isEmpty) this.sweepLater();
    });
  }
}
