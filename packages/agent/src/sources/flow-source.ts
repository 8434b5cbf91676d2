/** Where a flow's records come from. */
export interface FlowSource {
  /** Resolves when it reads; rejects where it cannot. */
  start(): Promise<void>;
  /** Reads no more; resolves when what was read is handed on. */
  stopReading(): Promise<void>;
  /** Writes down how far it is stored, and lets go of what it holds. */
  stop(): Promise<void>;
  /** For the status page. */
  readonly files: readonly FileStatus[];
}

export interface FileStatus {
  readonly path: string;
  readonly size: number;
  /** Up to which all records are stored. */
  readonly offset: number;
  readonly bytesBehind: number;
}
