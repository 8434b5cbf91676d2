import type { UserRecord } from '@millrace/aggregation';
import type { Attempt } from './errors.ts';
import type { HashKey } from './shard-map.ts';

/** A user's record on its way, and who waits for it. */
export interface Pending {
  readonly record: UserRecord;
  readonly key: HashKey;
  /** Rises with every put. */
  readonly order: number;
  readonly bytes: number;
  /** When it is given up. */
  readonly deadlineMs: number;
  readonly attempts: Attempt[];
  resolve(result: { shardId: string; sequenceNumber: string; attempts: number }): void;
  reject(error: Error): void;
}

/** A Kinesis record: one or more of users', for one shard. */
export interface Entry {
  readonly partitionKey: string;
  readonly explicitHashKey: string | undefined;
  readonly data: Uint8Array;
  readonly users: readonly Pending[];
  /** Undefined while the shards are not known. */
  readonly shardId: string | undefined;
  /** Data and partition key, as limits count them. */
  readonly bytes: number;
  /** Not sent before. */
  notBeforeMs: number;
  tries: number;
  /** A request that it was in was refused for good, for one of its records: it is sent alone, so that others do not suffer. */
  isSuspect: boolean;
}
