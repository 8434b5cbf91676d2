import type { ShardLog } from '@millrace/log';
import type { World } from '@millrace/world';
import type { Command } from './changes.ts';
import type { CodeStore } from './code/code-store.ts';
import type { DeclaredFunction } from './declared.ts';
import type { EventQueues } from './events/event-queues.ts';
import type { Invoker } from './invoker.ts';
import type { FailureDestinations } from './mappings/failure-destinations.ts';
import type { SourceStreams } from './mappings/source.ts';
import type { FunctionsState } from './state.ts';

/** What every operation works with. One per server. */
export interface Functions {
  readonly world: World;
  readonly log: ShardLog;
  readonly settings: Settings;
  readonly state: FunctionsState;
  readonly code: CodeStore;
  /** By name: what the configuration file declares. */
  readonly declared: ReadonlyMap<string, DeclaredFunction>;
  readonly invoker: Invoker;
  readonly events: EventQueues;
  readonly sources: SourceStreams;
  readonly destinations: FailureDestinations;
  /** Makes a change durable and applies it. Throws the AwsError with which the change was refused. */
  change<Result = void>(command: Command): Promise<Result>;
  /** Tells of a fault that no caller is answered for. */
  report(message: string, error: unknown): void;
}

export interface Settings {
  /** How long Pending and InProgress last. */
  readonly transitionMs: number;
  /** Where the declared functions are. */
  readonly account: string;
  readonly region: string;
}

/** Who calls. Made by the server for each request. */
export interface RequestContext {
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
}
