import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { UserRecordRead } from '@millrace/aggregation';
import type { World } from '@millrace/world';
import type { ConsumerEvent } from './events.ts';
import type { LeaseStore } from './leases/lease.ts';

/** A record as a processor gets it. */
export interface ConsumedRecord extends UserRecordRead {
  readonly sequenceNumber: string;
  readonly arrivedAt: Date | undefined;
}

/** What a processor is told beside the records. */
export interface ProcessContext {
  /** As it was given to the consumer: a name or an ARN. */
  readonly stream: string;
  readonly shardId: string;
  readonly millisBehindLatest: number;
  /** Fires when the lease is lost: another worker reads the shard, and what is done from then on is done twice. */
  readonly signal: AbortSignal;
  /** How often these records were tried before. */
  readonly attempt: number;
}

/** Gets the records of a shard in order, a page at a time; the next page comes when its promise has resolved. */
export type Processor = (records: readonly ConsumedRecord[], context: ProcessContext) => Promise<void> | void;

/**
 * What becomes of records that a processor failed on: `skip` goes on behind them, `dead-letter` too, when they stand in the
 * dead-letter stream, `stop` lets the shard go.
 */
export type Verdict = 'retry' | 'skip' | 'dead-letter' | 'stop';

/**
 * Thrown by a processor that fails on one record of several: those before it count as processed, the verdict is on it alone, and
 * those behind it come next.
 */
export class PoisonRecord extends Error {
  readonly record: ConsumedRecord;

  constructor(record: ConsumedRecord, cause: unknown) {
    super(`record ${record.sequenceNumber}.${record.subSequenceNumber} cannot be processed`, { cause });
    this.name = 'PoisonRecord';
    this.record = record;
  }
}

/** What is read: one stream, or several as one application. */
export type ConsumedStreams =
  | {
      /** The stream's name or its ARN. */
      readonly stream: string;
      readonly streams?: never;
    }
  | {
      readonly stream?: never;
      /**
       * Names or ARNs; a function is asked again every `shardSyncMs`, and streams come and go by its answers. Leases are then of
       * KCL's multi-stream kind, also where there is one stream. Those of a stream that went stay, for when it comes back.
       */
      readonly streams: readonly string[] | (() => readonly string[] | Promise<readonly string[]>);
    };

/** Who shares the work. */
export type ConsumedLeases =
  | {
      /** The application's name, of which a DynamoDB table is made, as KCL makes it, by a client of the environment. */
      readonly application: string;
      readonly leases?: never;
    }
  | { readonly application?: never; readonly leases: LeaseStore };

export interface ConsumerBehaviour {
  /** Any client of @aws-sdk/client-kinesis, one of the environment by default; the consumer does not destroy it. */
  readonly client?: Pick<KinesisClient, 'send'>;
  readonly processor: Processor;
  /**
   * Enhanced fan-out: the server pushes to a registered consumer of this name, at 2 MB/s a shard of its own. Without it GetRecords
   * is called again and again.
   */
  readonly fanOut?: { readonly consumerName: string };
  /** Where an application begins that has no leases yet. A date is one of arrival; it must be the same for every worker. */
  readonly initialPosition?: 'TRIM_HORIZON' | 'LATEST' | Date;
  /** Its name among the workers of the application; a random one. */
  readonly workerId?: string;
  /** A lease that nobody renewed for this long is free. */
  readonly failoverMs?: number;
  /** How long a worker may take to finish its page when another one is to have its shard; 30 seconds, as in KCL. */
  readonly handOverMs?: number;
  /** Between two GetRecords of a shard that had nothing more. */
  readonly idleMs?: number;
  /** How often the shards are listed, to find what no lease stands for. */
  readonly shardSyncMs?: number;
  readonly maxRecords?: number;
  /** A request to the service, the lease store or a push without an answer for so long has failed, and is made again; 30 seconds. */
  readonly requestTimeoutMs?: number;
  /**
   * Makes of a record's data what was put: payloadReader of @millrace/payload, for what a producer has compressed or encrypted. What
   * is before a record that it throws at is processed; then `onError` gets its error, and that record as it was read.
   */
  decode?(
    data: Uint8Array,
    record: { readonly stream: string; readonly partitionKey: string },
  ): Uint8Array | Promise<Uint8Array>;
  /** Called when the processor fails; by default records are tried again, with growing pauses, for ever. */
  onError?(error: unknown, records: readonly ConsumedRecord[], context: ProcessContext): Verdict | Promise<Verdict>;
  /** The stream, by name or ARN, that gets records on which the verdict is `dead-letter`. */
  readonly deadLetterStream?: string;
  /** Told what happens; must not throw. */
  onEvent?(event: ConsumerEvent): void;
  /** Clock and randomness, for tests. */
  readonly world?: Pick<World, 'clock' | 'random'>;
}

export type ConsumerOptions = ConsumerBehaviour & ConsumedStreams & ConsumedLeases;

/** The options with what they leave open. */
export interface ConsumerSettings extends ConsumerBehaviour {
  readonly client: Pick<KinesisClient, 'send'>;
  readonly leases: LeaseStore;
  readonly stream?: string;
  readonly streams?: Extract<ConsumedStreams, { streams: unknown }>['streams'];
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly workerId: string;
  readonly failoverMs: number;
  readonly handOverMs: number;
  readonly idleMs: number;
  readonly shardSyncMs: number;
  readonly requestTimeoutMs: number;
}
