import type { FunctionsState } from './state.ts';

/**
 * One kind of registry command of functions, beside the operation that issues it.
 *
 * `apply` decides and acts: it throws AwsError to refuse, and must not have touched the state before it throws. It is
 * deterministic: times (`atMs`) and UUIDs travel inside the command. Commands are JSON-able.
 */
export interface Change<C extends { readonly type: string; readonly atMs: number }, Result = void> {
  readonly type: C['type'];
  apply(state: FunctionsState, command: C): Result;
}
