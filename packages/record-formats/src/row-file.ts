import type { Row } from './row-reader.ts';

/** Where a file's bytes go, in order. The next are not offered before a promise is kept. */
export type FileSink = (bytes: Uint8Array) => void | Promise<void>;

export interface FileSummary {
  readonly rows: number;
  readonly byteLength: number;
}

/** A file that is being made of rows. */
export interface RowFile {
  /** `recordBytes` is the size of the JSON that the rows were. */
  add: (rows: readonly Row[], recordBytes: number) => Promise<void>;
  finish: (sink: FileSink) => Promise<FileSummary>;
  /** Gives back what the file holds, finished or not. */
  close: () => Promise<void>;
}
