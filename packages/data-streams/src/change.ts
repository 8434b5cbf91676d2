import type { StreamsState } from './state.ts';

/**
 * One kind of registry command of Data Streams, beside the operation that issues it.
 *
 * `apply` decides and acts: it throws AwsError to refuse, and must not have touched the state before it throws. It is
 * deterministic: the time (`atMs`), random names and key references travel inside the command. Commands are JSON-able;
 * hash keys travel as decimal strings.
 */
export interface Change<C extends { readonly type: string; readonly atMs: number }, Result = void> {
  readonly type: C['type'];
  apply(state: StreamsState, command: C): Result;
}
