import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import type { ListShardsCommandOutput, Shard } from '@aws-sdk/client-kinesis';
import type { Checkpoint, Lease } from './leases/lease.ts';
import type { ConsumerOptions } from './options.ts';

/** A name or an ARN, as requests have them. */
export function streamReference(stream: string): { StreamName: string } | { StreamARN: string } {
  return stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream };
}

export async function listShards({ client, stream }: Pick<ConsumerOptions, 'client' | 'stream'>): Promise<Shard[]> {
  const shards: Shard[] = [];
  let next: string | undefined;
  do {
    const page: ListShardsCommandOutput = await client.send(
      new ListShardsCommand(next === undefined ? streamReference(stream) : { NextToken: next }),
    );
    shards.push(...(page.Shards ?? []));
    next = page.NextToken;
  } while (next !== undefined);
  return shards;
}

/** A lease that nobody has yet. */
export function newLease(
  shard: {
    ShardId?: string | undefined;
    HashKeyRange?: Shard['HashKeyRange'];
    parents: readonly (string | undefined)[];
  },
  checkpoint: Checkpoint,
): Lease {
  const { StartingHashKey: start, EndingHashKey: end } = shard.HashKeyRange ?? {};
  return {
    shardId: shard.ShardId!,
    owner: undefined,
    counter: 0,
    checkpoint,
    parentShardIds: shard.parents.filter((parent) => parent !== undefined),
    hashKeyRange: start === undefined || end === undefined ? undefined : { start, end },
  };
}

export function parentsOf({ ParentShardId, AdjacentParentShardId }: Shard): (string | undefined)[] {
  return [ParentShardId, AdjacentParentShardId];
}

/**
 * The leases that are missing. A new application begins at the oldest shards, or with LATEST at the open ones. Later on, a shard
 * without a lease gets one when nothing will make it: not its parents' end (they have no lease that is still read), nor has
 * any of its children one (then it was passed over on purpose).
 */
export function missingLeases(
  shards: readonly Shard[],
  leases: readonly Lease[],
  initialPosition: 'TRIM_HORIZON' | 'LATEST',
): Lease[] {
  const known = new Map(leases.map((lease) => [lease.shardId, lease]));
  const children = new Map<string, string[]>();
  for (const shard of shards)
    for (const parent of parentsOf(shard))
      if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), shard.ShardId!]);
  const isListed = new Set(shards.map(({ ShardId }) => ShardId));
  const hasHeirs = (shardId: string): boolean =>
    (children.get(shardId) ?? []).some((child) => known.has(child) || hasHeirs(child));
  const found: Lease[] = [];
  for (const shard of shards) {
    const shardId = shard.ShardId!;
    if (known.has(shardId) || hasHeirs(shardId)) continue;
    const parents = parentsOf(shard).filter((parent) => parent !== undefined);
    const isClosed = shard.SequenceNumberRange?.EndingSequenceNumber !== undefined;
    if (leases.length === 0 && initialPosition === 'LATEST') {
      if (!isClosed) found.push(newLease({ ...shard, parents }, { sequenceNumber: 'LATEST', subSequenceNumber: 0 }));
      continue;
    }
    const isComing = parents.some((parent) => {
      const lease = known.get(parent);
      return lease === undefined
        ? isListed.has(parent) && leases.length > 0
        : lease.checkpoint.sequenceNumber !== 'SHARD_END';
    });
    if (!isComing)
      found.push(newLease({ ...shard, parents }, { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 }));
  }
  return found;
}
