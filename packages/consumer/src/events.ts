/** Where something happened. `stream` is as it was given to the consumer. */
interface InShard {
  readonly stream: string;
  readonly shardId: string;
}

/**
 * What a consumer tells as it happens. A shard is `taken` first; then it `ended` (was read to its end), was `lost` (to a worker
 * that took it for dead) or `released` (because the worker stops, hands it over, or its processor stopped at it).
 */
export type ConsumerEvent =
  | (InShard & { readonly type: 'taken' | 'lost' | 'released' | 'ended' })
  | (InShard & {
      readonly type: 'processed';
      readonly records: number;
      readonly bytes: number;
      /** By the processor, over all attempts. */
      readonly durationMs: number;
      readonly millisBehindLatest: number;
    })
  | (InShard & { readonly type: 'checkpointed'; readonly sequenceNumber: string; readonly subSequenceNumber: number })
  | (InShard & { readonly type: 'skipped' | 'dead-lettered'; readonly records: number; readonly error: unknown })
  | { readonly type: 'error'; readonly during: string; readonly error: unknown };

/** How a shard is read that this worker has. */
export interface ShardMetrics extends InShard {
  /** How far behind the newest record the last page was, by the service's clock: the iterator's age. */
  readonly millisBehindLatest: number;
  readonly records: number;
  readonly bytes: number;
  /** Of late: the mean over about half a minute. */
  readonly throughputKBps: number;
  /** The last checkpoint: a sequence number, or where reading began. */
  readonly checkpoint: string;
}

/** Counted since the consumer began. */
export interface ConsumerMetrics {
  /** Shards this worker reads now. */
  readonly shards: readonly ShardMetrics[];
  /** The largest of any shard that this worker reads; 0 where it reads none. */
  readonly millisBehindLatest: number;
  readonly records: number;
  readonly bytes: number;
  readonly processingMs: number;
  readonly checkpoints: number;
  readonly skipped: number;
  readonly deadLettered: number;
  /** Leases. */
  readonly taken: number;
  readonly lost: number;
  readonly released: number;
  readonly ended: number;
  readonly errors: number;
}
