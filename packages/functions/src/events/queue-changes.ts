import type { Change } from '../change.ts';

export interface OpenQueueCommand {
  readonly type: 'OpenQueue';
  readonly atMs: number;
  readonly key: string;
}

/** A function's first event: answers the shard of the log where its events lie from now on. */
export const openQueueChange: Change<OpenQueueCommand, number> = {
  type: 'OpenQueue',
  apply(state, { key }) {
    const known = state.queues.get(key);
    if (known !== undefined) return known.logId;
    const logId = state.nextLogId;
    state.queues.set(key, { logId, position: 0 });
    state.nextLogId += 1;
    return logId;
  },
};

export interface EventsDoneCommand {
  readonly type: 'EventsDone';
  readonly atMs: number;
  readonly key: string;
  readonly logId: number;
  /** All events before this index are done. */
  readonly position: number;
}

export const eventsDoneChange: Change<EventsDoneCommand> = {
  type: 'EventsDone',
  apply(state, { key, logId, position }) {
    const queue = state.queues.get(key);
    // A function of the same name that was made later has a queue of its own.
    if (queue?.logId === logId) queue.position = Math.max(queue.position, position);
  },
};
