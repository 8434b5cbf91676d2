/** One record as the log keeps it. The log does not look inside. */
export interface LogRecord {
  /** Up to 65,535 bytes of UTF-8. */
  readonly partitionKey: string;
  readonly data: Buffer;
}

/** A record as it is read back. `data` may be a view of a larger buffer: copy it to keep it. */
export interface StoredRecord extends LogRecord {
  readonly index: number;
  readonly arrivalMs: number;
  /** The data key that seals it on disk; 0 when it is plain. */
  readonly keyRef: number;
}
