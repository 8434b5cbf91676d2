import type { ShardLineage } from '@millrace/log';

/** The streams of Data Streams, as a source of mappings: handed in by the server. Their records lie in the same log. */
export interface SourceStreams {
  /** The stream with this ARN, or of the consumer with this ARN, as it is now; undefined where there is none. */
  find(arn: string): SourceStream | undefined;
}

export interface SourceStream {
  /** Another one where the stream was deleted and made again. */
  readonly id: string;
  readonly arn: string;
  readonly retentionMs: number;
  readonly shards: readonly SourceShard[];
}

export interface SourceShard extends ShardLineage {
  readonly shardId: string;
  readonly hashKeys: { readonly startingHashKey: bigint; readonly endingHashKey: bigint };
  sequenceNumber(index: number, arrivalMs: number): string;
}
