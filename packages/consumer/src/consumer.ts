import { holdProcess, pause } from '@millrace/world';
import { wantedLeases } from './balance.ts';
import type { ConsumerEvent, ConsumerMetrics } from './events.ts';
import { HeldLease } from './held-lease.ts';
import type { Lease } from './leases/lease.ts';
import type { ConsumerOptions, ConsumerSettings } from './options.ts';
import { FanOut, Polling } from './pages.ts';
import { settingsOf } from './settings.ts';
import { ShardReader } from './shard-reader.ts';
import { ShardSync } from './shard-sync.ts';
import { isFinished } from './shards.ts';
import { Sights } from './sights.ts';
import { Streams } from './streams.ts';
import type { StreamPlace } from './streams.ts';

/** A shard that this worker reads. */
interface Held {
  readonly lease: HeldLease;
  readonly place: StreamPlace;
  readonly reader: ShardReader;
  /** Lets the shard go when its page is done. */
  readonly leaving: AbortController;
}

const betweenLooksMs = 200;
/** What was let go is not asked for again for so long: two workers that weigh loads differently shall not send a lease to and fro. */
const recentMs = 300_000;

/**
 * Begins to read a stream, or several, as one of the workers of an application: takes its share of the shards, hands their records
 * to the processor, checkpoints what was processed, and goes on until `stop`. At least once, in order per shard, children after
 * their parents; of two workers that believe to have a shard, one alone can checkpoint. Throws a TypeError for options that can
 * never work; whatever fails later is told to `onEvent` and tried again.
 */
export function consume(options: ConsumerOptions): Consumer {
  return new Consumer(options);
}

export class Consumer {
  readonly #settings: ConsumerSettings;
  readonly #streams: Streams;
  readonly #shardSync: ShardSync;
  readonly #sights: Sights;
  readonly #stopping = new AbortController();
  readonly #held = new Map<string, Held>();
  readonly #reading = new Set<Promise<void>>();
  readonly #counters = {
    ...{ records: 0, bytes: 0, processingMs: 0, checkpoints: 0, skipped: 0, deadLettered: 0 },
    ...{ taken: 0, lost: 0, released: 0, ended: 0, errors: 0 },
  };
  /** Shards that this worker's processor has stopped at. */
  readonly #refused = new Set<string>();
  /** When leases went from this worker to others. */
  readonly #parted = new Map<string, number>();
  #syncedMs = -Infinity;
  readonly workerId: string;
  /** Resolves when the consumer has stopped. */
  readonly done: Promise<void>;

  constructor(options: ConsumerOptions) {
    const settings = settingsOf(options);
    const tell = (event: ConsumerEvent): void => {
      this.#count(event);
      try {
        settings.onEvent?.(event);
      } catch {
        // Its maker's affair: neither records nor leases suffer.
      }
    };
    this.#settings = { ...settings, onEvent: tell };
    this.workerId = settings.workerId;
    this.#streams = new Streams(this.#settings);
    this.#shardSync = new ShardSync(this.#settings, this.#streams);
    this.#sights = new Sights(settings.world.clock);
    const hold = options.world === undefined ? holdProcess() : undefined;
    this.done = Promise.all([this.#run(), this.#keepRenewing()]).then(() => hold?.release());
  }

  /** Ends after the pages that are being processed; their checkpoints are written and the leases let go. */
  stop(): Promise<void> {
    this.#stopping.abort();
    for (const { leaving } of this.#held.values()) leaving.abort();
    return this.done;
  }

  /** What is read now, and what was counted since the consumer began. */
  metrics(): ConsumerMetrics {
    const shards = [...this.#held.values()].map(({ lease, place, reader }) => ({
      stream: place.stream,
      shardId: lease.shardId,
      ...reader.metrics,
      throughputKBps: reader.throughputKBps,
      checkpoint: lease.present.checkpoint.sequenceNumber,
    }));
    const millisBehindLatest = shards.reduce((most, shard) => Math.max(most, shard.millisBehindLatest), 0);
    return { ...this.#counters, millisBehindLatest, shards };
  }

  #count(event: ConsumerEvent): void {
    const counters = this.#counters;
    if (event.type === 'error') counters.errors += 1;
    else if (event.type === 'skipped') counters.skipped += event.records;
    else if (event.type === 'dead-lettered') counters.deadLettered += event.records;
    else if (event.type === 'processed') {
      counters.records += event.records;
      counters.bytes += event.bytes;
      counters.processingMs += event.durationMs;
    } else if (event.type === 'checkpointed') counters.checkpoints += 1;
    else counters[event.type] += 1;
  }

  async #run(): Promise<void> {
    const { leases: store, world, shardSyncMs, failoverMs, onEvent } = this.#settings;
    let isPrepared = false;
    while (!this.#stopping.signal.aborted) {
      let isWaiting = false;
      try {
        if (!isPrepared) await store.prepare();
        isPrepared = true;
        const isDue = world.clock.monotonicMs() - this.#syncedMs >= shardSyncMs;
        if (isDue) await this.#streams.refresh();
        const leases = (await store.list()).filter(({ stream }) => this.#streams.places.has(stream));
        this.#leaveStreams();
        this.#sights.look(leases);
        const made = isDue ? await this.#shardSync.sync(leases) : 0;
        // Leases that were just made are looked at without waiting for the next time.
        if (isDue) this.#syncedMs = made > 0 ? -Infinity : world.clock.monotonicMs();
        isWaiting = !(await this.#takeMore(leases)) || made > 0;
      } catch (error) {
        onEvent?.({ type: 'error', during: 'looking at the leases', error });
      }
      await this.#pause(isWaiting ? Math.min(betweenLooksMs, failoverMs / 4) : failoverMs / 4);
    }
    await Promise.all(this.#reading);
  }

  /** Shards of streams that the caller no longer names. */
  #leaveStreams(): void {
    for (const { place, leaving } of this.#held.values())
      if (!this.#streams.places.has(place.identifier)) leaving.abort();
  }

  /** By itself, and all at once: nothing that is slow shall cost a lease. */
  async #keepRenewing(): Promise<void> {
    while (!this.#stopping.signal.aborted || this.#held.size > 0) {
      for (const { lease, reader } of this.#held.values()) {
        // Before the others may take it, who look at it as often.
        lease.loseAfter(this.#settings.failoverMs * 0.75);
        lease.renew(reader.throughputKBps).catch((error: unknown) => {
          this.#settings.onEvent?.({ type: 'error', during: `renewing ${lease.present.leaseKey}`, error });
        });
      }
      await this.#pause(this.#settings.failoverMs / 4);
      // Until the pages in work are done their leases are renewed.
      if (this.#stopping.signal.aborted && this.#held.size > 0) await this.#pauseUntilRead();
    }
  }

  async #pauseUntilRead(): Promise<void> {
    const read = new AbortController();
    void Promise.all(this.#reading).then(() => read.abort());
    await pause(this.#settings.world.clock, this.#settings.failoverMs / 4, [read.signal]);
  }

  /** False where something is not ready yet that soon will be. */
  async #takeMore(leases: readonly Lease[]): Promise<boolean> {
    const { failoverMs, world, leases: store } = this.#settings;
    const { clock } = world;
    for (const [leaseKey, ms] of this.#parted) if (clock.monotonicMs() - ms > recentMs) this.#parted.delete(leaseKey);
    const open = leases.filter(({ leaseKey }) => !this.#refused.has(leaseKey));
    const { take, ask } = wantedLeases(open, {
      workerId: this.workerId,
      isOver: await this.#shardSync.judge(leases),
      isExpired: (lease) => lease.owner !== this.workerId && this.#sights.unwrittenMs(lease) > failoverMs,
      isRecent: ({ leaseKey }) => this.#parted.has(leaseKey),
      draw: (end) => Math.floor(world.random.fraction() * end),
    });
    const report = { workerId: this.workerId, nowMs: clock.now(), monotonicMs: clock.monotonicMs() };
    const { isLed } = (await store.report?.(report)) ?? { isLed: false };
    // Who assigns leases has its time to do it; but a shard shall not wait for ever.
    const wanted = take.filter((lease) => !isLed || this.#sights.unwrittenMs(lease) > 3 * failoverMs);
    let isReady = true;
    for (const lease of [...wanted, ...open.filter((one) => this.#isAssigned(one))]) {
      if (this.#held.has(lease.leaseKey) || this.#stopping.signal.aborted) continue;
      const place = this.#streams.places.get(lease.stream)!;
      const consumerArn = await this.#streams.consumerArn(place);
      if (consumerArn === false) isReady = false;
      else await this.#take(lease, place, consumerArn);
    }
    if (ask !== undefined && !isLed && isReady && !this.#stopping.signal.aborted)
      await store.requestHandOver(ask, this.workerId);
    return isReady;
  }

  /**
   * A lease that names this worker, which does not hold it: one of an earlier life under the same name, one that a leader has
   * assigned, or one that was asked for and is let go now, or whose owner is dead or takes too long.
   */
  #isAssigned(lease: Lease): boolean {
    if (lease.owner !== this.workerId || isFinished(lease)) return false;
    if (lease.checkpointOwner === undefined) return true;
    const { failoverMs, handOverMs } = this.#settings;
    return this.#sights.unwrittenMs(lease) > failoverMs || this.#sights.handOverMs(lease) > handOverMs;
  }

  async #take(lease: Lease, place: StreamPlace, consumerArn: string | undefined): Promise<void> {
    const { leases: store, world } = this.#settings;
    const taken = await store.update(lease, { owner: this.workerId, checkpointOwner: undefined });
    if (taken === undefined) return;
    const held = new HeldLease(taken, { store, workerId: this.workerId, clock: world.clock });
    const leaving = new AbortController();
    const reader = new ShardReader(
      {
        ...this.#settings,
        place,
        sourceOf: (of) => {
          const { stream } = place;
          const options = { ...this.#settings, stream, lease: of };
          if (consumerArn === undefined) return new Polling(options);
          const consumer = {
            arn: () => this.#streams.consumerArn(place),
            forget: () => this.#streams.forgetConsumer(place),
          };
          return new FanOut({ ...options, consumer });
        },
        pausesAtTip: consumerArn === undefined,
        stopping: leaving.signal,
        onEvent: (event) => this.#settings.onEvent?.(event),
      },
      held,
    );
    this.#held.set(lease.leaseKey, { lease: held, place, reader, leaving });
    // It may have been told to stop while it waited for the store.
    if (this.#stopping.signal.aborted) leaving.abort();
    this.#settings.onEvent?.({ type: 'taken', stream: place.stream, shardId: lease.shardId });
    const reading = this.#read(reader, held, place).finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
  }

  async #read(reader: ShardReader, lease: HeldLease, { stream }: StreamPlace): Promise<void> {
    const outcome = await reader.run();
    const { leaseKey, shardId } = lease.present;
    try {
      if (lease.isHeld) await lease.release();
    } catch (error) {
      // It runs out by itself.
      this.#settings.onEvent?.({ type: 'error', during: `letting go of ${leaseKey}`, error });
      lease.lose();
    }
    this.#held.delete(leaseKey);
    // The processor wanted no more of it: others may.
    if (outcome === 'refused') this.#refused.add(leaseKey);
    if (outcome !== 'ended') this.#parted.set(leaseKey, this.#settings.world.clock.monotonicMs());
    const type = outcome === 'stopped' || outcome === 'refused' ? 'released' : outcome;
    this.#settings.onEvent?.({ type, stream, shardId });
  }

  #pause(ms: number): Promise<void> {
    return pause(this.#settings.world.clock, ms, [this.#stopping.signal]);
  }
}
