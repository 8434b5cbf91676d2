import { holdProcess, realWorld } from '@millrace/world';
import type { World } from '@millrace/world';
import { leasesToTake } from './balance.ts';
import { HeldLease } from './held-lease.ts';
import type { Lease } from './leases/lease.ts';
import type { ConsumerOptions } from './options.ts';
import { FanOut, Polling } from './pages.ts';
import { registeredConsumer } from './registration.ts';
import { ShardReader } from './shard-reader.ts';
import { isFinished, Lineage, listShards } from './shards.ts';

/** Counted since the consumer began. */
export interface ConsumerMetrics {
  /** Shards this worker reads now. */
  readonly shards: readonly string[];
  readonly taken: number;
  readonly lost: number;
  readonly ended: number;
  readonly errors: number;
}

/** A lease as it was last seen, and since when it has not changed. */
interface Sight {
  readonly counter: number;
  readonly sinceMs: number;
}

const betweenLooksMs = 200;

/**
 * Begins to read a stream as one of the workers of an application: takes its share of the shards, hands their records to the
 * processor, checkpoints what was processed, and goes on until `stop`. At least once, in order per shard, children after their
 * parents; of two workers that believe to have a shard, one alone can checkpoint.
 */
export function consume(options: ConsumerOptions): Consumer {
  return new Consumer(options);
}

export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #world: Pick<World, 'clock' | 'random'>;
  readonly #failoverMs: number;
  readonly #stopping = new AbortController();
  readonly #held = new Map<string, HeldLease>();
  readonly #reading = new Set<Promise<void>>();
  readonly #sights = new Map<string, Sight>();
  readonly #counters = { taken: 0, lost: 0, ended: 0, errors: 0 };
  /** Parents without a lease that have nothing to read. */
  readonly #over = new Set<string>();
  /** Shards that this worker's processor has stopped at. */
  readonly #refused = new Set<string>();
  #syncedMs = -Infinity;
  #consumerArn: string | undefined;
  readonly workerId: string;
  /** Resolves when the consumer has stopped. */
  readonly done: Promise<void>;

  constructor(options: ConsumerOptions) {
    this.#world = options.world ?? realWorld();
    this.#failoverMs = options.failoverMs ?? 10_000;
    this.workerId = options.workerId ?? this.#world.random.uuid();
    this.#options = {
      ...options,
      onEvent: (event) => {
        if (event.type === 'error') this.#counters.errors += 1;
        options.onEvent?.(event);
      },
    };
    const hold = options.world === undefined ? holdProcess() : undefined;
    this.done = Promise.all([this.#run(), this.#keepRenewing()]).then(() => hold?.release());
  }

  /** Ends after the pages that are being processed; their checkpoints are written and the leases let go. */
  stop(): Promise<void> {
    this.#stopping.abort();
    return this.done;
  }

  metrics(): ConsumerMetrics {
    return { ...this.#counters, shards: [...this.#held.keys()] };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let isPrepared = false;
    while (!signal.aborted) {
      try {
        isPrepared ||= await this.#prepare();
        if (!isPrepared) {
          await this.#pause(betweenLooksMs);
          continue;
        }
        const leases = await this.#options.leases.list();
        this.#look(leases);
        if (this.#world.clock.monotonicMs() - this.#syncedMs >= (this.#options.shardSyncMs ?? 60_000))
          await this.#sync(leases);
        await this.#takeMore(leases);
      } catch (error) {
        this.#options.onEvent?.({ type: 'error', during: 'looking at the leases', error });
      }
      await this.#pause(this.#failoverMs / 4);
    }
    await Promise.all(this.#reading);
  }

  /** False while the registered consumer is not active yet. */
  async #prepare(): Promise<boolean> {
    await this.#options.leases.prepare();
    const { fanOut } = this.#options;
    if (fanOut === undefined) return true;
    this.#consumerArn = await registeredConsumer(this.#options, fanOut.consumerName);
    return this.#consumerArn !== undefined;
  }

  /** By itself, and all at once: nothing that is slow shall cost a lease. */
  async #keepRenewing(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      void this.#renewAll();
      await this.#pause(this.#failoverMs / 4);
    }
  }

  async #renewAll(): Promise<void> {
    await Promise.all(
      [...this.#held.values()].map((lease) =>
        lease.renew().catch((error: unknown) => {
          this.#options.onEvent?.({ type: 'error', during: `renewing ${lease.shardId}`, error });
        }),
      ),
    );
  }

  /** Since when each lease stands as it does, by this worker's own clock: clocks of others mean nothing. */
  #look(leases: readonly Lease[]): void {
    const now = this.#world.clock.monotonicMs();
    const known = new Set(leases.map(({ shardId }) => shardId));
    for (const shardId of this.#sights.keys()) if (!known.has(shardId)) this.#sights.delete(shardId);
    for (const { shardId, counter } of leases)
      if (this.#sights.get(shardId)?.counter !== counter) this.#sights.set(shardId, { counter, sinceMs: now });
  }

  /** Leases for shards that have none; finished ones of shards that are no more go. */
  async #sync(leases: readonly Lease[]): Promise<void> {
    const lineage = await this.#lineage(leases);
    const missing = lineage.missing();
    for (const lease of missing) await this.#options.leases.create(lease);
    for (const lease of leases)
      if (isFinished(lease) && !lineage.isListed(lease.shardId)) await this.#options.leases.remove(lease);
    // Leases that were just made are looked at without waiting for the next time.
    this.#syncedMs = missing.length > 0 ? -Infinity : this.#world.clock.monotonicMs();
  }

  async #lineage(leases: readonly Lease[]): Promise<Lineage> {
    return new Lineage(await listShards(this.#options), leases, this.#options.initialPosition ?? 'TRIM_HORIZON');
  }

  /**
   * Tells of each shard whether its children may be read. Of one without a lease only the stream can tell: it may have expired,
   * or its own parents are still being read.
   */
  async #judge(leases: readonly Lease[]): Promise<(shardId: string) => boolean> {
    const known = new Map(leases.map((lease) => [lease.shardId, lease]));
    const open = leases.filter((lease) => !isFinished(lease)).flatMap(({ parentShardIds }) => parentShardIds);
    const unknown = open.filter((parent) => !known.has(parent) && !this.#over.has(parent));
    if (unknown.length > 0) {
      const lineage = await this.#lineage(leases);
      for (const parent of unknown) if (!lineage.isPending(parent)) this.#over.add(parent);
    }
    for (const shardId of this.#over) if (!open.includes(shardId)) this.#over.delete(shardId);
    return (shardId) => {
      const lease = known.get(shardId);
      return lease === undefined ? this.#over.has(shardId) : isFinished(lease);
    };
  }

  async #takeMore(leases: readonly Lease[]): Promise<void> {
    const now = this.#world.clock.monotonicMs();
    const wanted = leasesToTake(leases, {
      workerId: this.workerId,
      isOver: await this.#judge(leases),
      isExpired: ({ shardId, owner }) =>
        owner !== this.workerId && now - this.#sights.get(shardId)!.sinceMs > this.#failoverMs,
      draw: (end) => Math.floor(this.#world.random.fraction() * end),
    });
    // A lease of ours that we do not hold is of an earlier life under the same name.
    const orphans = leases.filter(({ shardId, owner }) => owner === this.workerId && !this.#held.has(shardId));
    for (const lease of [...wanted, ...orphans.filter((orphan) => !wanted.includes(orphan) && !isFinished(orphan))]) {
      if (this.#held.has(lease.shardId) || this.#refused.has(lease.shardId) || this.#stopping.signal.aborted) continue;
      const taken = await this.#options.leases.update(lease, { owner: this.workerId });
      if (taken !== undefined) this.#begin(new HeldLease(this.#options.leases, taken));
    }
  }

  #begin(lease: HeldLease): void {
    const { shardId } = lease;
    this.#counters.taken += 1;
    this.#held.set(shardId, lease);
    this.#options.onEvent?.({ type: 'taken', shardId });
    const reader = new ShardReader(
      {
        ...this.#options,
        idleMs: this.#options.idleMs ?? 1000,
        sourceOf: (held) => {
          const place = { ...this.#options, lease: held, world: this.#world };
          const consumerArn = this.#consumerArn;
          return consumerArn === undefined ? new Polling(place) : new FanOut({ ...place, consumerArn });
        },
        pausesAtTip: this.#consumerArn === undefined,
        world: this.#world,
        stopping: this.#stopping.signal,
      },
      lease,
    );
    const reading = this.#read(reader, lease).finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
  }

  async #read(reader: ShardReader, lease: HeldLease): Promise<void> {
    const outcome = await reader.run();
    const { shardId } = lease;
    try {
      if (lease.isHeld) await lease.release();
    } catch (error) {
      // It runs out by itself.
      this.#options.onEvent?.({ type: 'error', during: `letting go of ${shardId}`, error });
      lease.lose();
    }
    this.#held.delete(shardId);
    // The processor wanted no more of it: others may.
    if (outcome === 'stopped' && !this.#stopping.signal.aborted) this.#refused.add(shardId);
    if (outcome === 'lost') this.#counters.lost += 1;
    if (outcome === 'ended') this.#counters.ended += 1;
    this.#options.onEvent?.({ type: outcome === 'stopped' ? 'released' : outcome, shardId });
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#world.clock.setTimer(ms, done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
}
