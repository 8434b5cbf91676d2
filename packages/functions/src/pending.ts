import type { Change } from './change.ts';

export interface FinishPendingCommand {
  readonly type: 'FinishPending';
  readonly atMs: number;
  readonly key: string;
}

/** A function's Pending or InProgress is over. */
export const finishPendingChange: Change<FinishPendingCommand> = {
  type: 'FinishPending',
  apply(state, { key, atMs }) {
    const one = state.functions.get(key);
    if (one?.dueMs === undefined || one.dueMs > atMs) return;
    one.state = 'Active';
    one.update = 'Successful';
    one.dueMs = undefined;
  },
};
