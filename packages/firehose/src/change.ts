import type { FirehoseState } from './state.ts';

/**
 * One kind of registry command of Firehose, beside the operation that issues it.
 *
 * `apply` decides and acts: it throws AwsError to refuse, and must not have touched the state before it throws. It is
 * deterministic: the time (`atMs`) and key references travel inside the command. Commands are JSON-able.
 */
export interface Change<C extends { readonly type: string; readonly atMs: number }, Result = void> {
  readonly type: C['type'];
  apply(state: FirehoseState, command: C): Result;
}
