import type { AddedRecords, DataFile, TableLayout } from '@millrace/iceberg';
import type { FileSummary } from './row-file.ts';
import type { ConversionSettings } from './settings.ts';

/** What the worker is told. `conversion` and `call` are numbers that come back with the answer. */
export type Request =
  | {
      readonly kind: 'create';
      readonly conversion: number;
      readonly call: number;
      readonly settings: ConversionSettings;
    }
  | {
      readonly kind: 'createTable';
      readonly conversion: number;
      readonly call: number;
      readonly layout: TableLayout;
    }
  | {
      readonly kind: 'add';
      readonly conversion: number;
      readonly call: number;
      /** The records one after the other, and where each ends. */
      readonly bytes: Uint8Array;
      readonly ends: Uint32Array;
    }
  | { readonly kind: 'finish'; readonly conversion: number; readonly call: number }
  | { readonly kind: 'close'; readonly conversion: number; readonly call: number }
  /** Gives back everything. */
  | { readonly kind: 'end'; readonly call: number }
  /** The sink has taken the bytes, or has failed with a message. */
  | { readonly kind: 'taken'; readonly conversion: number; readonly error?: string };

/** What a call comes to: of `finish` a table's next file, or undefined when there is none. */
export type Result = AddedRecords | FileSummary | DataFile | undefined;

/** What it says: an answer to a call, or bytes of a file, of which the next follow when these were taken. */
export type Reply =
  | { readonly kind: 'bytes'; readonly conversion: number; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly call: number; readonly result: Result }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string; readonly isSettings: boolean };
