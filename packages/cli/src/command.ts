import type { KinesisClient } from '@aws-sdk/client-kinesis';

/** The flags of a command, as node:util's parseArgs takes them, with a word for the help. */
export type Flags = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly help: string; readonly placeholder?: string }>
>;

/** What a command gets. */
export interface Call {
  readonly client: KinesisClient;
  /** What stands behind the command, flags left out. */
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  /** For scripts: JSON instead of what people read. */
  readonly isJson: boolean;
  readonly io: Io;
}

/** Where a command reads and writes. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  /** Fires when the user has had enough. */
  readonly interrupted: AbortSignal;
}

export interface Command {
  readonly usage: string;
  readonly help: string;
  /** How many positionals there must be at least and at most. */
  readonly takes: readonly [number, number];
  readonly flags: Flags;
  /** Answers the exit code. */
  run(call: Call): Promise<number>;
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {}
