import { encodeSequenceNumber, SequenceNumbers } from './sequence-number.ts';
import { shardId } from './shard-id.ts';
import type { Shard, Stream, StreamsState } from './state.ts';

export const largestHash = 2n ** 128n - 1n;

/** Opens a shard in a change: allots its number and log. */
export function openShard(
  state: StreamsState,
  stream: Stream,
  shard: Pick<Shard, 'createdSecond' | 'startHash' | 'endHash' | 'parent' | 'adjacentParent'>,
): void {
  const number = stream.nextShardNumber++;
  stream.shards.set(number, { ...shard, number, logId: state.nextLogId++, closed: undefined });
}

/** `count` ranges that cover the hash space: each begins at a multiple of floor(2^128 / count), as AWS's do (recorded for 3). */
export function evenRanges(count: number): { startHash: bigint; endHash: bigint }[] {
  const width = (largestHash + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    startHash: width * BigInt(index),
    endHash: index === count - 1 ? largestHash : width * BigInt(index + 1) - 1n,
  }));
}

export function openShards(stream: Stream): Shard[] {
  return [...stream.shards.values()].filter(({ closed }) => closed === undefined);
}

export function openShardCount(stream: Stream): number {
  let count = 0;
  for (const { closed } of stream.shards.values()) if (closed === undefined) count += 1;
  return count;
}

/** Open shards of an account in a region; `mode` counts those of one capacity mode only. */
export function accountShardCount(state: StreamsState, account: string, region: string, mode?: Stream['mode']): number {
  let count = 0;
  for (const stream of state.streams.values()) {
    if (stream.account === account && stream.region === region && (mode === undefined || stream.mode === mode))
      count += openShardCount(stream);
  }
  return count;
}

export function startingSequenceNumber({ createdSecond, number }: Shard): string {
  return encodeSequenceNumber({ createdSecond, place: 0, arrivalSecond: createdSecond, shardNumber: number });
}

/** A shard as the API shows it. */
export function describeShard(shard: Shard): {
  ShardId: string;
  ParentShardId?: string;
  AdjacentParentShardId?: string;
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string };
  SequenceNumberRange: { StartingSequenceNumber: string; EndingSequenceNumber?: string };
} {
  return {
    ShardId: shardId(shard.number),
    ...(shard.parent !== undefined && { ParentShardId: shardId(shard.parent) }),
    ...(shard.adjacentParent !== undefined && { AdjacentParentShardId: shardId(shard.adjacentParent) }),
    HashKeyRange: { StartingHashKey: String(shard.startHash), EndingHashKey: String(shard.endHash) },
    SequenceNumberRange: {
      StartingSequenceNumber: startingSequenceNumber(shard),
      ...(shard.closed !== undefined && { EndingSequenceNumber: shard.closed.endingSequenceNumber }),
    },
  };
}

/** The children of a closed shard as GetRecords and SubscribeToShard show them at its end. */
export function childShards(
  stream: Stream,
  parent: Shard,
): { ShardId: string; ParentShards: string[]; HashKeyRange: { StartingHashKey: string; EndingHashKey: string } }[] {
  return [...stream.shards.values()]
    .filter((shard) => shard.parent === parent.number || shard.adjacentParent === parent.number)
    .map((shard) => ({
      ShardId: shardId(shard.number),
      ParentShards: [shard.parent, shard.adjacentParent].filter((number) => number !== undefined).map(shardId),
      HashKeyRange: { StartingHashKey: String(shard.startHash), EndingHashKey: String(shard.endHash) },
    }));
}

const numbersOfShards = new WeakMap<Shard, SequenceNumbers>();

/** Kept with the shard: making them costs more than a record. */
export function sequenceNumbersOf(shard: Shard): SequenceNumbers {
  let numbers = numbersOfShards.get(shard);
  if (numbers === undefined) {
    numbers = new SequenceNumbers({ createdSecond: shard.createdSecond, shardNumber: shard.number });
    numbersOfShards.set(shard, numbers);
  }
  return numbers;
}
