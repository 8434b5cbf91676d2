import type { LogRecord, StoredRecord } from './log-record.ts';

export type AppendOutcome = { readonly firstIndex: number; readonly arrivalMs: number } | 'closed';

/** Records for one shard; `keyRef` names the data key that seals them on disk, 0 leaves them plain. */
export interface Batch {
  readonly logId: number;
  readonly records: readonly LogRecord[];
  readonly keyRef: number;
}

export interface ReadOptions {
  readonly maxRecords: number;
  /** Stop before the sum of data and partition key bytes passes this; the first record is always returned. */
  readonly maxBytes: number;
}

export interface ReadOutcome {
  readonly records: readonly StoredRecord[];
  /** Where to read next. Past trimmed records it jumps to the first that is still there. */
  readonly nextIndex: number;
  /** Index behind the last visible record at the moment of the read. */
  readonly tailIndex: number;
}

export interface ShardStatus {
  /** The oldest record still served. */
  readonly firstIndex: number;
  /** The index behind the newest visible record. */
  readonly nextIndex: number;
  readonly closed: boolean;
  /** Arrival of the newest visible record; 0 when there never was one. */
  readonly lastArrivalMs: number;
}

export interface TailWait {
  cancel(): void;
}

/** Seals what goes to disk. Implemented by access; the log only calls it. */
export interface BlockCipher {
  /** Encrypts and authenticates `plain`, binding it to `context` (the entry's header). */
  seal(keyRef: number, plain: Uint8Array, context: Uint8Array): Buffer;
  /** The inverse; throws when the key is gone or a bit differs. */
  open(keyRef: number, sealed: Uint8Array, context: Uint8Array): Buffer;
}

/** Appends are refused: the message says why, `retryable` whether room on the disk would mend it. */
export class LogUnavailableError extends Error {
  readonly retryable: boolean;
  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}
