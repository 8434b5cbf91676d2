/** An event source mapping: a function is called with a stream's records. */
export interface Mapping {
  readonly uuid: string;
  readonly account: string;
  readonly region: string;
  /** The function's, as functionKey has it. */
  functionKey: string;
  functionArn: string;
  /** As it was named: a stream's ARN, or a registered consumer's. */
  readonly sourceArn: string;
  /** Which stream of that name it is. */
  readonly streamId: string;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';
  readonly startingMs: number | undefined;
  settings: MappingSettings;
  /** Whether it is to run when nothing is pending. */
  enabled: boolean;
  state: MappingState;
  modifiedMs: number;
  lastResult: string;
  /** When the present change ends; undefined when nothing is pending. */
  dueMs: number | undefined;
  /** By shard of the log: records before this index are done. A shard that is not named is new. */
  positions: Readonly<Record<string, number>>;
  /**
   * By shard of the log: how far each lane is, where they are not all as far. One that retries a batch for hours makes the others
   * repeat nothing after a restart. Of another ParallelizationFactor they say nothing. Undefined: nowhere.
   */
  lanes?: Readonly<Record<string, readonly number[]>> | undefined;
  /** By shard of the log: the tumbling window that is open there. */
  windows: Readonly<Record<string, OpenWindow>>;
}

export type MappingState = 'Creating' | 'Enabling' | 'Enabled' | 'Disabling' | 'Disabled' | 'Updating' | 'Deleting';

export interface MappingSettings {
  readonly batchSize: number;
  readonly windowSeconds: number;
  /** How many batches of a shard run at once; a partition key's records are in one of them. */
  readonly parallelization: number;
  /** -1: until they expire. */
  readonly retryAttempts: number;
  /** -1: until the stream forgets them. */
  readonly recordAgeSeconds: number;
  readonly bisect: boolean;
  readonly reportsItems: boolean;
  readonly onFailure: string | undefined;
  /** Event patterns; a record that matches none is passed over. */
  readonly filters: readonly string[] | undefined;
  /** 0: no windows. */
  readonly tumblingSeconds: number;
}

export interface OpenWindow {
  readonly startMs: number;
  /** What the function answered last. */
  readonly state: unknown;
}
