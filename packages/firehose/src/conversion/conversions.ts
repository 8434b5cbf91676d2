import type { Deserializer, Serializer } from '@millrace/model/firehose';

/** Record format conversion, and the tables it goes by: handed in by the server. */
export interface Conversions {
  /**
   * The columns of a table as it is now; those that partition are no part of files. Throws AwsError as Glue's GetTableVersion
   * does.
   */
  columns(address: TableAddress): readonly Column[];
  /**
   * Begins a file, whose bytes `sink` gets in order. Rejects with UnusableConversion for settings that no file can be made with.
   */
  begin(settings: ConversionSettings, sink: (bytes: Uint8Array) => void): Promise<Conversion>;
}

export interface TableAddress {
  readonly account: string;
  readonly region: string;
  /** The account's own where it is undefined. */
  readonly catalogId: string | undefined;
  readonly databaseName: string;
  readonly tableName: string;
  /** The newest where it is LATEST or undefined. */
  readonly versionId: string | undefined;
}

export interface Column {
  readonly name: string;
  /** Hive's, such as array<bigint>. */
  readonly type: string;
}

export interface ConversionSettings {
  readonly columns: readonly Column[];
  readonly deserializer: Deserializer;
  readonly serializer: Serializer;
}

/** A file that is being made. One call at a time. */
export interface Conversion {
  /** Adds records in their order, and answers those that are not in the file. Rejects when the file is lost. */
  add(records: readonly Buffer[]): Promise<readonly Unconverted[]>;
  /** Ends the file: then the sink has had all of it. */
  finish(): Promise<{ readonly rows: number }>;
  /** Gives back what it holds, finished or not. */
  close(): Promise<void>;
}

/** A record that is not in the file: its place in what was added, and why, as AWS says it. */
export interface Unconverted {
  readonly index: number;
  readonly errorCode: string;
  readonly errorMessage: string;
}

/** Settings that no file can be made with: a type or an option that is none, or a format that this platform does not have. */
export class UnusableConversion extends Error {}
