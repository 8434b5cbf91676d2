import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { UserRecordRead } from '@millrace/aggregation';
import type { World } from '@millrace/world';
import type { LeaseStore } from './leases/lease.ts';

/** A record as a processor gets it. */
export interface ConsumedRecord extends UserRecordRead {
  readonly sequenceNumber: string;
  readonly arrivedAt: Date | undefined;
}

/** What a processor is told beside the records. */
export interface ProcessContext {
  readonly shardId: string;
  readonly millisBehindLatest: number;
  /** Fires when the lease is lost: another worker reads the shard, and what is done from then on is done twice. */
  readonly signal: AbortSignal;
  /** How often these records were tried before. */
  readonly attempt: number;
}

/** Gets the records of a shard in order, a page at a time; the next page comes when its promise has resolved. */
export type Processor = (records: readonly ConsumedRecord[], context: ProcessContext) => Promise<void> | void;

/** What becomes of records that a processor failed on. `skip` goes on behind them, `stop` lets the shard go. */
export type Verdict = 'retry' | 'skip' | 'stop';

export interface ConsumerOptions {
  /** Any client of @aws-sdk/client-kinesis; the consumer does not destroy it. */
  readonly client: Pick<KinesisClient, 'send'>;
  /** The stream's name or its ARN. */
  readonly stream: string;
  readonly leases: LeaseStore;
  readonly processor: Processor;
  /**
   * Enhanced fan-out: the server pushes to a registered consumer of this name, at 2 MB/s a shard of its own. Without it GetRecords
   * is called again and again.
   */
  readonly fanOut?: { readonly consumerName: string };
  /** Where an application begins that has no leases yet. */
  readonly initialPosition?: 'TRIM_HORIZON' | 'LATEST';
  /** Its name among the workers of the application; a random one. */
  readonly workerId?: string;
  /** A lease that nobody renewed for this long is free. */
  readonly failoverMs?: number;
  /** Between two GetRecords of a shard that had nothing more. */
  readonly idleMs?: number;
  /** How often the shards are listed, to find what no lease stands for. */
  readonly shardSyncMs?: number;
  readonly maxRecords?: number;
  /**
   * Makes of a record's data what was put: payloadReader of @millrace/payload, for what a producer has compressed or encrypted. Where
   * it fails the processor has failed: `onError` gets the records as they were read.
   */
  decode?(
    data: Uint8Array,
    record: { readonly stream: string; readonly partitionKey: string },
  ): Uint8Array | Promise<Uint8Array>;
  /** Called when the processor fails; by default records are tried again, with growing pauses, for ever. */
  onError?(error: unknown, records: readonly ConsumedRecord[], context: ProcessContext): Verdict | Promise<Verdict>;
  /** Told what happens; must not throw. */
  onEvent?(event: ConsumerEvent): void;
  /** Clock and randomness, for tests. */
  readonly world?: Pick<World, 'clock' | 'random'>;
}

export type ConsumerEvent =
  | { readonly type: 'taken' | 'lost' | 'released' | 'ended'; readonly shardId: string }
  | { readonly type: 'error'; readonly during: string; readonly error: unknown };
