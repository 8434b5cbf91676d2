/** What of a stream's shard says when it can be read. */
export interface ShardLineage {
  readonly logId: number;
  /** Their logIds. */
  readonly parents: readonly number[];
  /** Behind its last record; undefined while it is open. */
  readonly endIndex: number | undefined;
}

/**
 * The shards that can be read now: not read to their end, and their parents are. `done` says how far each is done; what retention
 * has removed has nothing to read.
 */
export function readableShards<Shard extends ShardLineage>(
  shards: readonly Shard[],
  done: (logId: number) => number,
): Shard[] {
  const isRead = ({ logId, endIndex }: ShardLineage): boolean => endIndex !== undefined && done(logId) >= endIndex;
  const byId = new Map(shards.map((shard) => [shard.logId, shard]));
  const isReadOrGone = (logId: number): boolean => {
    const shard = byId.get(logId);
    return shard === undefined || isRead(shard);
  };
  return shards.filter((shard) => !isRead(shard) && shard.parents.every(isReadOrGone));
}
