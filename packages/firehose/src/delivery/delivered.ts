import type { Change } from '../change.ts';

export interface DeliveredCommand {
  readonly type: 'Delivered';
  readonly atMs: number;
  readonly deliveryStream: string;
  /** By shard of the log: everything before it is at the destination. */
  readonly positions: Readonly<Record<string, number>>;
  /** Shards that are no more. */
  readonly gone: readonly number[];
}

/** Delivery goes on behind these positions, after a restart too. */
export const deliveredChange: Change<DeliveredCommand> = {
  type: 'Delivered',
  apply(state, { deliveryStream, positions, gone }) {
    const stream = state.deliveryStreams.get(deliveryStream);
    if (stream === undefined) return;
    const all = { ...stream.positions, ...positions };
    for (const logId of gone) delete all[logId];
    stream.positions = all;
  },
};
