import type { _Record as KinesisRecord } from '@aws-sdk/client-kinesis';
import { deaggregate } from '@millrace/aggregation';
import type { World } from '@millrace/world';
import { decoded } from './decoding.ts';
import type { HeldLease } from './held-lease.ts';
import { shardEnd } from './leases/lease.ts';
import type { Checkpoint, LeaseStore } from './leases/lease.ts';
import type { ConsumedRecord, ConsumerOptions, ProcessContext } from './options.ts';
import type { Page, PageSource } from './pages.ts';
import { listShards, newLease } from './shards.ts';

const longestPauseMs = 30_000;

export interface ReaderSettings extends ConsumerOptions {
  readonly leases: LeaseStore;
  readonly idleMs: number;
  sourceOf(lease: HeldLease): PageSource;
  /** Whether a source that has nothing more must be asked again, after a pause. */
  readonly pausesAtTip: boolean;
  readonly world: Pick<World, 'clock' | 'random'>;
  /** Fires when the worker stops. */
  readonly stopping: AbortSignal;
}

/** How reading a shard ended: to its end, by losing the lease, or because the worker stops or the processor wants no more. */
export type ReaderOutcome = 'ended' | 'lost' | 'stopped';

/** Reads one shard from its checkpoint on and hands the records to the processor; a page is checkpointed when it was processed. */
export class ShardReader {
  readonly #settings: ReaderSettings;
  readonly #lease: HeldLease;
  #failures = 0;

  constructor(settings: ReaderSettings, lease: HeldLease) {
    this.#settings = settings;
    this.#lease = lease;
  }

  async run(): Promise<ReaderOutcome> {
    const source = this.#settings.sourceOf(this.#lease);
    // A push may be long in coming: it is not waited for when there is nothing more to do with it.
    const close = (): void => source.close();
    const signals = [this.#settings.stopping, this.#lease.signal];
    for (const signal of signals) signal.addEventListener('abort', close);
    try {
      return await this.#readFrom(source);
    } finally {
      for (const signal of signals) signal.removeEventListener('abort', close);
      source.close();
    }
  }

  async #readFrom(source: PageSource): Promise<ReaderOutcome> {
    while (this.#isOn) {
      try {
        const page = await source.next();
        this.#failures = 0;
        const outcome = await this.#take(page);
        if (outcome !== undefined) return outcome;
        source.accept(page);
        if (this.#settings.pausesAtTip && (page.millisBehindLatest === 0 || page.records.length === 0))
          await this.#pause(this.#settings.idleMs);
      } catch (error) {
        source.failed(error);
        if (!this.#isOn) break;
        this.#tell('reading', error);
        if (await this.#hasExpired(error as Error)) return (await this.#checkpoint(shardEnd)) ? 'ended' : 'lost';
        await this.#pauseAfterFailure();
      }
    }
    return this.#lease.isHeld ? 'stopped' : 'lost';
  }

  /** A shard that the stream no longer lists has nothing left: its children's turn has come. */
  async #hasExpired({ name }: Error): Promise<boolean> {
    if (name !== 'ResourceNotFoundException') return false;
    try {
      const shards = await listShards(this.#settings);
      return shards.every(({ ShardId }) => ShardId !== this.#lease.shardId);
    } catch {
      return false;
    }
  }

  get #isOn(): boolean {
    return this.#lease.isHeld && !this.#settings.stopping.aborted;
  }

  async #take(page: Page): Promise<ReaderOutcome | undefined> {
    const records = this.#recordsOf(page.records);
    if (records.length > 0) {
      const isDone = await this.#process(records, page.millisBehindLatest);
      if (!isDone) return this.#lease.isHeld ? 'stopped' : 'lost';
      const { sequenceNumber, subSequenceNumber } = records.at(-1)!;
      if (!(await this.#checkpoint({ sequenceNumber, subSequenceNumber }))) return 'lost';
    }
    if (!page.isLast) return undefined;
    // Children first: a shard that is finished without them would be the end of its keys.
    for (const child of page.children)
      await this.#settings.leases.create(
        newLease(
          { ...child, parents: child.ParentShards ?? [] },
          { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 },
        ),
      );
    return (await this.#checkpoint(shardEnd)) ? 'ended' : 'lost';
  }

  /** User records behind the checkpoint that belong to this shard. */
  #recordsOf(records: readonly KinesisRecord[]): ConsumedRecord[] {
    const { checkpoint, hashKeyRange: range } = this.#lease.present;
    const within = range && { startingHashKey: BigInt(range.start), endingHashKey: BigInt(range.end) };
    return records.flatMap(({ SequenceNumber, PartitionKey = '', Data, ApproximateArrivalTimestamp: arrivedAt }) => {
      const parts = deaggregate({ partitionKey: PartitionKey, data: Data! }, within && { within });
      return parts
        .filter(({ subSequenceNumber }) => isBehind({ sequenceNumber: SequenceNumber!, subSequenceNumber }, checkpoint))
        .map((part) => ({ ...part, sequenceNumber: SequenceNumber!, arrivedAt }));
    });
  }

  /** False when there is nothing to go on for: the lease is lost, the worker stops, or the caller said so. */
  async #process(records: readonly ConsumedRecord[], millisBehindLatest: number): Promise<boolean> {
    const { processor, onError } = this.#settings;
    const { shardId, signal } = this.#lease;
    for (let attempt = 0; this.#lease.isHeld; attempt += 1) {
      const context: ProcessContext = { shardId, millisBehindLatest, signal, attempt };
      try {
        await processor(await decoded(records, this.#settings), context);
        this.#failures = 0;
        return this.#lease.isHeld;
      } catch (error) {
        this.#tell('processing', error);
        const verdict = (await onError?.(error, records, context)) ?? 'retry';
        if (verdict === 'skip') return this.#lease.isHeld;
        if (verdict === 'stop') return false;
        await this.#pauseAfterFailure();
        if (this.#settings.stopping.aborted) return false;
      }
    }
    return false;
  }

  /** Again until the store answers: what was processed is not processed twice for want of patience. */
  async #checkpoint(checkpoint: Checkpoint): Promise<boolean> {
    for (;;) {
      try {
        return await this.#lease.checkpoint(checkpoint);
      } catch (error) {
        this.#tell('checkpointing', error);
        if (!this.#isOn) return false;
        await this.#pauseAfterFailure();
      }
    }
  }

  #pauseAfterFailure(): Promise<void> {
    const longest = Math.min(longestPauseMs, 100 * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 20);
    return this.#pause(longest * (0.5 + this.#settings.world.random.fraction() / 2));
  }

  /** Ends early when the worker stops or the lease is lost. */
  #pause(ms: number): Promise<void> {
    const { stopping, world } = this.#settings;
    const signals = [stopping, this.#lease.signal];
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        for (const signal of signals) signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = world.clock.setTimer(ms, done);
      for (const signal of signals) signal.addEventListener('abort', done);
      if (signals.some(({ aborted }) => aborted)) done();
    });
  }

  #tell(during: string, error: unknown): void {
    this.#settings.onEvent?.({ type: 'error', during: `${during} ${this.#lease.shardId}`, error });
  }
}

/** Whether a record is one that the checkpoint has not passed: a page may come again, or begin before it. */
function isBehind(record: Checkpoint, { sequenceNumber, subSequenceNumber }: Checkpoint): boolean {
  if (!/^\d+$/.test(sequenceNumber)) return true;
  const difference = BigInt(record.sequenceNumber) - BigInt(sequenceNumber);
  return difference > 0n || (difference === 0n && record.subSequenceNumber > subSequenceNumber);
}
