import type { Change } from '../change.ts';

export interface DeliveredCommand {
  readonly type: 'Delivered';
  readonly atMs: number;
  readonly deliveryStream: string;
  /** Everything before it is at the destination. */
  readonly index: number;
}

/** Delivery goes on behind this index, after a restart too. */
export const deliveredChange: Change<DeliveredCommand> = {
  type: 'Delivered',
  apply(state, { deliveryStream, index }) {
    const stream = state.deliveryStreams.get(deliveryStream);
    if (stream !== undefined) stream.deliveredIndex = Math.max(stream.deliveredIndex, index);
  },
};
