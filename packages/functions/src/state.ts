import type { Mapping } from './mappings/mapping.ts';

/**
 * The registry's state of functions. Changed only by the changes in changes.ts, through the registry; everyone else reads it.
 */
export interface FunctionsState {
  /** By functionKey(account, region, name). */
  readonly functions: Map<string, StoredFunction>;
  /** Events that were taken with 202 and are not done yet, by functionKey. */
  readonly queues: Map<string, EventQueue>;
  /** By UUID. */
  readonly mappings: Map<string, Mapping>;
  /** The next shard log's id, counted from firstLogId; ids are never used again. */
  nextLogId: number;
}

/** A function that was made through the API. */
export interface StoredFunction {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  configuration: FunctionSettings;
  code: Code;
  /** A UUID, another one after every change. */
  revision: string;
  modifiedMs: number;
  state: 'Pending' | 'Active';
  update: 'Successful' | 'InProgress';
  /** When the present Pending or InProgress ends; undefined when nothing is pending. */
  dueMs: number | undefined;
  readonly tags: readonly (readonly [string, string])[];
}

export interface FunctionSettings {
  readonly role: string;
  readonly runtime: string;
  readonly handler: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMib: number;
  readonly ephemeralMib: number;
  readonly architecture: 'x86_64' | 'arm64';
  /** Undefined where none were ever given: AWS leaves them out of its answers then. */
  readonly environment: Readonly<Record<string, string>> | undefined;
}

export interface Code {
  /** In base64, as the API has it. */
  readonly sha256: string;
  /** Of the zip. */
  readonly bytes: number;
}

export interface EventQueue {
  /** The events lie in this shard of the log. */
  readonly logId: number;
  /** Events before this index are done. */
  position: number;
}

/** The log is shared: Data Streams counts its shards from 1, Firehose from 2^40. */
export const firstLogId = 2 ** 41;

export function functionKey(account: string, region: string, name: string): string {
  return `${account}:${region}:${name}`;
}
