import { preconditionFailed, resourceConflict } from './errors.ts';
import type { StoredFunction } from './state.ts';

/** What every update of a function says. */
export interface UpdateTarget {
  readonly atMs: number;
  readonly dueMs: number;
  readonly key: string;
  readonly arn: string;
  /** The revision that is changed; undefined where any may be. */
  readonly expected: string | undefined;
  readonly revision: string;
}

/** Throws PreconditionFailedException or ResourceConflictException. */
export function checkChangeable({ revision, state, update, arn }: StoredFunction, expected: string | undefined): void {
  if (state === 'Pending')
    throw resourceConflict(
      'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    );
  if (update === 'InProgress')
    throw resourceConflict(
      `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
    );
  if (expected !== undefined && expected !== revision)
    throw preconditionFailed(
      'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
    );
}
