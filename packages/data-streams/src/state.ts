/**
 * The registry's state of Data Streams. Changed only by the changes in changes.ts, through the registry;
 * everyone else reads it.
 */
export interface StreamsState {
  /** By streamKey(account, region, name). */
  readonly streams: Map<string, Stream>;
  /** Account settings by `${account}:${region}`. */
  readonly accounts: Map<string, AccountSettings>;
  /** Resource policies by the ARN they are attached to, as the caller's JSON text. */
  readonly policies: Map<string, string>;
  /** The next shard log's id; ids are never used again. */
  nextLogId: number;
}

export type StreamStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';

export interface Stream {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** AWS's StreamId, e.g. `abcdefghij0123456789-k1z`. */
  readonly id: string;
  readonly arn: string;
  readonly createdMs: number;
  status: StreamStatus;
  mode: 'PROVISIONED' | 'ON_DEMAND';
  retentionHours: number;
  /** keyRef is the log's data key; 0 while unencrypted. keyId is what the caller named. */
  encryption: { type: 'NONE' | 'KMS'; keyId: string | undefined; keyRef: number };
  enhancedMetrics: string[];
  readonly tags: Map<string, string>;
  /** Every shard whose data may still be readable, by number, in order of creation; closed ones too. */
  readonly shards: Map<number, Shard>;
  nextShardNumber: number;
  maxRecordSizeKiB: number;
  warmThroughputMiBps: number | undefined;
  /** AUTO ignores partition keys; on-demand only. */
  recordDistribution: 'USER_PARTITION_KEY' | 'AUTO';
  /** Registered consumers by name. */
  readonly consumers: Map<string, Consumer>;
  /** What the stream is busy with while it is not ACTIVE; resumed after a restart. */
  pending: Pending | undefined;
  /** Times (ms) of recent changes that AWS allows only so often in 24 h. */
  recentShardCountUpdatesMs: number[];
  recentEncryptionChangesMs: number[];
  recentModeChangesMs: number[];
}

export interface Shard {
  /** n of shardId-00000000000n. */
  readonly number: number;
  readonly logId: number;
  /** The creation second in its sequence numbers; always later than its parents'. */
  readonly createdSecond: number;
  readonly startHash: bigint;
  /** Inclusive. */
  readonly endHash: bigint;
  readonly parent: number | undefined;
  readonly adjacentParent: number | undefined;
  /** Undefined while open. */
  closed: { atMs: number; endIndex: number; endingSequenceNumber: string } | undefined;
}

export interface Consumer {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  status: 'CREATING' | 'ACTIVE' | 'DELETING';
  /** When the present CREATING or DELETING ends. */
  dueMs: number;
  readonly tags: Map<string, string>;
}

export interface AccountSettings {
  /** On-demand Advantage. */
  billingCommitment: {
    status: 'ENABLED' | 'DISABLED';
    startedMs: number | undefined;
    earliestEndMs: number | undefined;
    endedMs: number | undefined;
  };
}

/** An asynchronous transition. `dueMs` is when the server takes the next step of it. */
export type Pending =
  | { readonly type: 'activate'; readonly dueMs: number }
  | { readonly type: 'delete'; readonly dueMs: number }
  | { readonly type: 'encrypt'; readonly dueMs: number; readonly keyId: string | undefined; readonly keyRef: number }
  | { readonly type: 'reshard'; readonly dueMs: number; readonly steps: readonly ReshardStep[] };

/** One split or merge. Steps run in order; each closes its parents and opens its children in one change. */
export type ReshardStep =
  | { readonly type: 'split'; readonly shard: number; readonly newStartingHash: bigint }
  | { readonly type: 'merge'; readonly shard: number; readonly adjacent: number };

export function streamKey(account: string, region: string, name: string): string {
  return `${account}:${region}:${name}`;
}
