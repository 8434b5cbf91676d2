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

export interface SourceShard {
  readonly logId: number;
  readonly shardId: string;
  readonly parents: readonly number[];
  /** Behind its last record; undefined while it is open. */
  readonly endIndex: number | undefined;
  readonly hashKeys: { readonly startingHashKey: bigint; readonly endingHashKey: bigint };
  sequenceNumber(index: number, arrivalMs: number): string;
}

/**
 * The shards that can be read now: not read to their end, and their parents are. `done` says how far each is done; what retention
 * has removed has nothing to read.
 */
export function readableShards(shards: readonly SourceShard[], done: (logId: number) => number): SourceShard[] {
  const isRead = ({ logId, endIndex }: SourceShard): boolean => endIndex !== undefined && done(logId) >= endIndex;
  const byId = new Map(shards.map((shard) => [shard.logId, shard]));
  const isReadOrGone = (logId: number): boolean => {
    const shard = byId.get(logId);
    return shard === undefined || isRead(shard);
  };
  return shards.filter((shard) => !isRead(shard) && shard.parents.every(isReadOrGone));
}
