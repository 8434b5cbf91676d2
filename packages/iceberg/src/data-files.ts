import type { ColumnMetrics } from './schema/metrics.ts';
import type { PartitionSpec } from './schema/partitioning.ts';
import type { StructType } from './schema/types.ts';

/** What data files are made by. Plain data, that goes to another thread as it is. */
export interface TableLayout {
  readonly schema: StructType;
  readonly spec: PartitionSpec;
  /** Files that are made at once, at most: rows of further partitions wait for the next files. */
  readonly mostPartitions: number;
}

/** Makes data files: `@millrace/record-formats` does, in a worker. */
export interface DataFileFormats {
  /** Begins files of a table. The sink gets a file's bytes while `finishFile` is waited for. Rejects where there can be none. */
  createDataFiles(layout: TableLayout, sink: (bytes: Uint8Array) => void | Promise<void>): Promise<DataFiles>;
}

/** Files that are being made of records, one for each partition. One call at a time. */
export interface DataFiles {
  /** Adds records of one JSON object each. */
  add(records: readonly Buffer[]): Promise<AddedRecords>;
  /** Ends one file; undefined when all are ended. */
  finishFile(): Promise<DataFile | undefined>;
  /** Gives back what the files hold; may be called at any time, and more than once. */
  close(): Promise<void>;
}

export interface AddedRecords {
  readonly failed: readonly FailedRecord[];
  /** The places of those that no file of these has room for. */
  readonly later: readonly number[];
}

/** A record that no table takes, for the error prefix. */
export interface FailedRecord {
  /** Its place in the records of the call. */
  readonly index: number;
  readonly errorCode: string;
  readonly errorMessage: string;
}

/** A file that is whole. */
export interface DataFile {
  /** In the spec's order. */
  readonly partition: readonly unknown[];
  readonly rows: number;
  readonly byteLength: number;
  readonly metrics: ColumnMetrics;
}

/** Where a table's files are: `s3://bucket/key`, or whatever the catalog's warehouse has. */
export interface TableFiles {
  /** Stores a file whole or not at all; durable when it resolves. */
  put(location: string, body: readonly Buffer[], signal: AbortSignal): Promise<void>;
  read(location: string, signal: AbortSignal): Promise<Buffer>;
}
