import type { Change } from './change.ts';
import type { DeliveryStream } from './state.ts';

export interface FinishPendingCommand {
  readonly type: 'FinishPending';
  readonly atMs: number;
  readonly deliveryStream: string;
  /** What it was when its time came: a deletion that was asked for just then has a time of its own, and work before its end. */
  readonly status: DeliveryStream['status'];
}

/** What was pending has happened; a delivery stream that was DELETING is gone. */
export const finishPendingChange: Change<FinishPendingCommand> = {
  type: 'FinishPending',
  apply(state, { deliveryStream: key, status }) {
    const stream = state.deliveryStreams.get(key);
    if (stream === undefined || stream.status !== status) return;
    if (stream.status === 'DELETING') {
      state.deliveryStreams.delete(key);
      return;
    }
    stream.status = 'ACTIVE';
    stream.dueMs = undefined;
    const { encryption } = stream;
    if (encryption.status === 'ENABLING') stream.encryption = { ...encryption, status: 'ENABLED' };
    if (encryption.status === 'DISABLING')
      stream.encryption = { status: 'DISABLED', keyType: undefined, keyArn: undefined, keyRef: 0 };
  },
};
