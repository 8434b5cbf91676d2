/**
 * The registry: the small, linearizable facts (streams, shards, consumers, tags, policies, …) as a state machine over a
 * durable log of commands with snapshots.
 *
 * Invariants:
 * 1. A command is durable before it is applied, and applied before `execute` resolves. Commands apply one by one, in log order.
 * 2. `apply` is deterministic: times and random values travel inside the command. It either changes nothing and
 *    answers a refusal, or changes the state wholly.
 */
export interface Machine<State, Command, Outcome> {
  /** Names the kind of state in the files; part of the format. */
  readonly name: string;
  readonly version: number;
  initial(): State;
  apply(state: State, command: Command): Outcome;
  /** State to JSON-able value and back, for snapshots. */
  snapshot(state: State): unknown;
  restore(snapshot: unknown): State;
}

export interface Registry<State, Command, Outcome> {
  /** The state after the last applied command. Read it, never write it. */
  readonly state: State;
  /** Logs, syncs and applies a command (which must be JSON-able). Rejects with LogUnavailableError when it cannot be written. */
  execute(command: Command): Promise<Outcome>;
  /** Calls `listener` after every applied command. */
  onApplied(listener: (command: Command) => void): () => void;
  failure(): Error | undefined;
  stop(): Promise<void>;
}
