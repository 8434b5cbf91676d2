import type {
  AppendOutcome,
  Batch,
  LogUnavailableError,
  ReadOptions,
  ReadOutcome,
  ShardStatus,
  TailWait,
} from './shard-log-types.ts';
import type { LogRecord } from './log-record.ts';

/**
 * The shard log: ordered records of many shards, durable before they are acknowledged.
 *
 * A shard is named by its `logId`, a number the registry hands out once and never again. Its records have the indices
 * 0, 1, 2, …; all positions here are indices and all times milliseconds since the epoch.
 *
 * Invariants (both engines):
 * 1. append resolves only when every record of it is on stable storage.
 * 2. Indices are allotted and records become visible to readers in one and the same order; a record is visible only
 *    once it is durable. A reader at the tail never passes a record that appears later.
 * 3. Arrival times in a shard never go down with the index, even when the clock steps back.
 * 4. After `close` no record is ever added; `nextIndex` is final.
 */
export interface ShardLog {
  /** Makes a shard known and appendable. Idempotent; an unknown shard has no records. */
  create(logId: number): Promise<void>;
  /**
   * Appends a batch atomically: all records or none, at consecutive indices.
   * `keyRef` names the data key that seals the batch on disk; 0 leaves it plain.
   * Answers 'closed' and stores nothing when the shard is closed. Rejects with LogUnavailableError when the engine cannot
   * write (failed sync: until restart; disk full: until there is room).
   */
  append(logId: number, records: readonly LogRecord[], keyRef: number): Promise<AppendOutcome>;
  /**
   * Appends to several shards at once, for less than an append each. Each batch is stored or refused by itself; the outcomes
   * stand in the order of the batches, with the error of one that was refused. Never rejects.
   */
  appendAll(batches: readonly Batch[]): Promise<(AppendOutcome | LogUnavailableError)[]>;
  /** Records from an index on: synchronous from the hot tail, a promise when segments must be read. */
  read(logId: number, fromIndex: number, options: ReadOptions): ReadOutcome | Promise<ReadOutcome>;
  /** Calls `wake` once, as soon as a record at or after `index` is visible, or the shard closes or is deleted. */
  wait(logId: number, index: number, wake: () => void): TailWait;
  /** The first index whose record arrived at or after `timeMs`; `nextIndex` when there is none yet. */
  firstAtOrAfter(logId: number, timeMs: number): Promise<number>;
  /** What is known of a shard now; undefined for an unknown one. */
  status(logId: number): ShardStatus | undefined;
  /** Forgets records that arrived before `beforeMs`. They are never served again; whole segment files are deleted. */
  trim(logId: number, beforeMs: number): Promise<void>;
  /** Refuses appends from now on, waits for those under way, answers the final nextIndex. Idempotent, durable by the registry only. */
  close(logId: number): Promise<number>;
  /** Forgets the shard and removes its files. */
  delete(logId: number): Promise<void>;
  /** Undefined while healthy, else why appends are refused. */
  failure(): Error | undefined;
  /** Removes shards that were found on disk but not created since the start: their deletion was cut short by a crash. */
  dropUnclaimed(): Promise<void>;
  /** Counters for /metrics: bytes, records, syncs, segment files, hot bytes, … by name. */
  metrics(): Readonly<Record<string, number>>;
  /** Flushes what is in memory and releases all files. */
  stop(): Promise<void>;
}
