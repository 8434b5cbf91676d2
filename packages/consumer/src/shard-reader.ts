import { pause } from '@millrace/world';
import type { _Record as KinesisRecord } from '@aws-sdk/client-kinesis';
import { deaggregate } from '@millrace/aggregation';
import { putDeadLetters } from './dead-letters.ts';
import { decoded } from './decoding.ts';
import type { ConsumerEvent } from './events.ts';
import type { HeldLease } from './held-lease.ts';
import { shardEnd } from './leases/lease.ts';
import type { Checkpoint } from './leases/lease.ts';
import { PoisonRecord } from './options.ts';
import type { ConsumedRecord, ConsumerSettings, ProcessContext, Verdict } from './options.ts';
import type { Page, PageSource } from './pages.ts';
import { listShards, newLease } from './shards.ts';
import type { StreamPlace } from './streams.ts';
import { Throughput } from './throughput.ts';

const longestPauseMs = 30_000;
const verdicts: ReadonlySet<string> = new Set<Verdict>(['retry', 'skip', 'dead-letter', 'stop']);

export interface ReaderSettings extends ConsumerSettings {
  readonly place: StreamPlace;
  sourceOf(lease: HeldLease): PageSource;
  /** Whether a source that has nothing more must be asked again, after a pause. */
  readonly pausesAtTip: boolean;
  /** Fires when the worker stops, or reads this stream no more. */
  readonly stopping: AbortSignal;
  onEvent(event: ConsumerEvent): void;
}

/** How reading a shard ended: to its end, by losing the lease, or because it shall be let go, by others or by the processor. */
export type ReaderOutcome = 'ended' | 'lost' | 'stopped' | 'refused';

/** Reads one shard from its checkpoint on and hands the records to the processor; a page is checkpointed when it was processed. */
export class ShardReader {
  readonly #settings: ReaderSettings;
  readonly #lease: HeldLease;
  readonly #signals: readonly AbortSignal[];
  readonly #throughput: Throughput;
  readonly #counters = { records: 0, bytes: 0, millisBehindLatest: 0 };
  #failures = 0;
  #isRefused = false;

  constructor(settings: ReaderSettings, lease: HeldLease) {
    this.#settings = settings;
    this.#lease = lease;
    this.#signals = [settings.stopping, lease.signal, lease.handOver];
    this.#throughput = new Throughput(settings.world.clock, lease.present.throughputKBps);
  }

  get throughputKBps(): number {
    return this.#throughput.kbps;
  }

  get metrics(): { records: number; bytes: number; millisBehindLatest: number } {
    return this.#counters;
  }

  async run(): Promise<ReaderOutcome> {
    const source = this.#settings.sourceOf(this.#lease);
    // A push may be long in coming: it is not waited for when there is nothing more to do with it.
    const close = (): void => source.close();
    for (const signal of this.#signals) signal.addEventListener('abort', close);
    try {
      return await this.#readFrom(source);
    } finally {
      for (const signal of this.#signals) signal.removeEventListener('abort', close);
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
        await source.accept(page);
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
      const { client, place } = this.#settings;
      const shards = await listShards({ client, stream: place.stream });
      return shards.every(({ ShardId }) => ShardId !== this.#lease.shardId);
    } catch {
      return false;
    }
  }

  get #isOn(): boolean {
    return this.#signals.every(({ aborted }) => !aborted);
  }

  async #take(page: Page): Promise<ReaderOutcome | undefined> {
    const records = this.#recordsOf(page.records);
    this.#counters.millisBehindLatest = page.millisBehindLatest;
    if (records.length > 0) {
      const isDone = await this.#process(records, page.millisBehindLatest);
      if (!isDone) return this.#isRefused ? 'refused' : this.#lease.isHeld ? 'stopped' : 'lost';
    }
    if (!page.isLast) return undefined;
    // Of a shard that had nothing since the application's beginning the children may have records from before it.
    const { sequenceNumber } = this.#lease.present.checkpoint;
    const beginning = sequenceNumber === 'AT_TIMESTAMP' ? sequenceNumber : 'TRIM_HORIZON';
    // Children first: a shard that is finished without them would be the end of its keys.
    for (const child of page.children)
      await this.#settings.leases.create(
        newLease({ ...child, parents: child.ParentShards ?? [] }, beginning, this.#settings.place.identifier),
      );
    return (await this.#checkpoint(shardEnd)) ? 'ended' : 'lost';
  }

  /** User records behind the checkpoint that belong to this shard. */
  #recordsOf(records: readonly KinesisRecord[]): ConsumedRecord[] {
    const { checkpoint, hashKeyRange: range } = this.#lease.present;
    const within = range && { startingHashKey: BigInt(range.start), endingHashKey: BigInt(range.end) };
    return records.flatMap(({ SequenceNumber, PartitionKey = '', Data, ApproximateArrivalTimestamp: arrivedAt }) => {
      this.#throughput.add(Data!.length);
      const parts = deaggregate({ partitionKey: PartitionKey, data: Data! }, within && { within });
      return parts
        .filter(({ subSequenceNumber }) => isBehind({ sequenceNumber: SequenceNumber!, subSequenceNumber }, checkpoint))
        .map((part) => ({ ...part, sequenceNumber: SequenceNumber!, arrivedAt }));
    });
  }

  /** Processes and checkpoints. False when there is nothing to go on for: the lease is lost or to be let go, or the caller said so. */
  async #process(page: readonly ConsumedRecord[], millisBehindLatest: number): Promise<boolean> {
    let records = page;
    const { clock } = this.#settings.world;
    for (let attempt = 0; this.#lease.isHeld; attempt += 1) {
      const context: ProcessContext = {
        ...this.#where,
        millisBehindLatest,
        signal: this.#lease.signal,
        attempt,
      };
      const beganMs = clock.monotonicMs();
      let failure: { error: unknown; failed: readonly ConsumedRecord[] } | undefined;
      try {
        const { decode, processor } = this.#settings;
        const read = await decoded(records, { decode, stream: context.stream });
        if (read.records.length > 0) await processor(read.records, context);
        if (read.failure !== undefined)
          failure = { error: read.failure.error, failed: [records[read.records.length]!] };
      } catch (error) {
        failure = { error, failed: failedOf(error, records) };
      }
      const done = failure === undefined ? records : records.slice(0, records.indexOf(failure.failed[0]!));
      this.#count(done, clock.monotonicMs() - beganMs, millisBehindLatest);
      if (failure === undefined) return this.#checkpointAfter(records);
      this.#tell('processing', failure.error);
      if (!this.#lease.isHeld) return false;
      if (done.length > 0) {
        if (!(await this.#checkpointAfter(done))) return false;
        records = records.slice(done.length);
        // The first one's first time was now.
        attempt = 0;
      }
      const verdict = await this.#settle(failure.error, failure.failed, { ...context, attempt });
      if (verdict === 'stop') return false;
      if (verdict === 'skip') {
        if (!(await this.#checkpointAfter(failure.failed))) return false;
        records = records.slice(failure.failed.length);
        if (records.length === 0) return true;
        attempt = -1;
      } else {
        await this.#pauseAfterFailure();
      }
      if (!this.#isOn) return false;
    }
    return false;
  }

  /** What is to be done about a failure; dead letters stand in their stream when it is `skip`. */
  async #settle(
    error: unknown,
    records: readonly ConsumedRecord[],
    context: ProcessContext,
  ): Promise<'retry' | 'skip' | 'stop'> {
    const { onError, onEvent } = this.#settings;
    let verdict: Verdict;
    try {
      verdict = (await onError?.(error, records, context)) ?? 'retry';
      // From JavaScript it may be anything: nothing is passed over for a word that nobody knows.
      if (!verdicts.has(verdict)) throw new TypeError(`${verdict} is no verdict`);
      if (verdict === 'dead-letter') await putDeadLetters(this.#settings, records);
    } catch (failure) {
      this.#tell('settling a failure of', failure);
      return 'retry';
    }
    this.#isRefused = verdict === 'stop';
    if (verdict === 'retry' || verdict === 'stop') return verdict;
    onEvent({
      type: verdict === 'skip' ? 'skipped' : 'dead-lettered',
      ...this.#where,
      records: records.length,
      error,
    });
    return 'skip';
  }

  #count(records: readonly ConsumedRecord[], durationMs: number, millisBehindLatest: number): void {
    if (records.length === 0) return;
    this.#failures = 0;
    const bytes = records.reduce((sum, { data }) => sum + data.length, 0);
    this.#counters.records += records.length;
    this.#counters.bytes += bytes;
    const what = { records: records.length, bytes, durationMs, millisBehindLatest };
    this.#settings.onEvent({ type: 'processed', ...this.#where, ...what });
  }

  #checkpointAfter(records: readonly ConsumedRecord[]): Promise<boolean> {
    const { sequenceNumber, subSequenceNumber } = records.at(-1)!;
    return this.#checkpoint({ sequenceNumber, subSequenceNumber });
  }

  /** Again until the store answers: what was processed is not processed twice for want of patience. */
  async #checkpoint(checkpoint: Checkpoint): Promise<boolean> {
    for (;;) {
      try {
        const isWritten = await this.#lease.checkpoint(checkpoint);
        if (isWritten) this.#settings.onEvent({ type: 'checkpointed', ...this.#where, ...checkpoint });
        return isWritten;
      } catch (error) {
        this.#tell('checkpointing', error);
        if (!this.#lease.isHeld || this.#settings.stopping.aborted) return false;
        await this.#pauseAfterFailure();
      }
    }
  }

  get #where(): { stream: string; shardId: string } {
    return { stream: this.#settings.place.stream, shardId: this.#lease.shardId };
  }

  #pauseAfterFailure(): Promise<void> {
    const longest = Math.min(longestPauseMs, 100 * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 20);
    return this.#pause(longest * (0.5 + this.#settings.world.random.fraction() / 2));
  }

  #pause(ms: number): Promise<void> {
    return pause(this.#settings.world.clock, ms, this.#signals);
  }

  #tell(during: string, error: unknown): void {
    this.#settings.onEvent({ type: 'error', during: `${during} ${this.#lease.present.leaseKey}`, error });
  }
}

/** The records that a failure is about, as they were read: one, where the processor says which. */
function failedOf(error: unknown, records: readonly ConsumedRecord[]): readonly ConsumedRecord[] {
  if (!(error instanceof PoisonRecord)) return records;
  const { sequenceNumber, subSequenceNumber } = error.record;
  const found = records.find(
    (one) => one.sequenceNumber === sequenceNumber && one.subSequenceNumber === subSequenceNumber,
  );
  return found === undefined ? records : [found];
}

/** Whether a record is one that the checkpoint has not passed: a page may come again, or begin before it. */
function isBehind(record: Checkpoint, { sequenceNumber, subSequenceNumber }: Checkpoint): boolean {
  if (!/^\d+$/.test(sequenceNumber)) return true;
  const difference = BigInt(record.sequenceNumber) - BigInt(sequenceNumber);
  return difference > 0n || (difference === 0n && record.subSequenceNumber > subSequenceNumber);
}
