import type { Pending } from './pending.ts';
import type { ShardRange } from './shard-map.ts';

/** A Kinesis record: one or more of users', for one shard. */
export interface Entry {
  readonly partitionKey: string;
  readonly explicitHashKey: string | undefined;
  readonly data: Uint8Array;
  readonly users: readonly Pending[];
  /** Undefined while the shards are not known. */
  readonly shardId: string | undefined;
  /** Of that shard, see birthOf: one made later under the same name is another. */
  readonly birth: bigint | undefined;
  /** Data and partition key, as limits count them. */
  readonly bytes: number;
  /** When it need not wait any longer for others to fill a request. */
  readonly dueMs: number;
  /** When the last of its users' records is given up. */
  readonly deadlineMs: number;
  /** Not sent before. */
  notBeforeMs: number;
  tries: number;
  /** A request that it was in was refused for good, for one of its records: it is sent alone, so that others do not suffer. */
  isSuspect: boolean;
}

/** What travels for these users; `shard` is undefined while the shards are not known. */
export function entryOf(
  users: readonly Pending[],
  {
    partitionKey,
    explicitHashKey,
    data,
  }: { partitionKey: string; explicitHashKey?: string | undefined; data: Uint8Array },
  { shard, dueMs }: { shard: Pick<ShardRange, 'shardId' | 'birth'> | undefined; dueMs: number },
): Entry {
  return {
    partitionKey,
    explicitHashKey,
    data,
    users,
    shardId: shard?.shardId,
    birth: shard?.birth,
    bytes: data.length + Buffer.byteLength(partitionKey),
    dueMs,
    // All have the same time to live: the last that was put lives longest, but for what is put again.
    deadlineMs: users.reduce((latest, one) => Math.max(latest, one.deadlineMs), 0),
    notBeforeMs: 0,
    tries: 0,
    isSuspect: false,
  };
}
