import type { Change } from '../change.ts';
import type { TopicPositions } from './source-topics.ts';

export interface TopicReadCommand {
  readonly type: 'TopicRead';
  readonly atMs: number;
  readonly deliveryStream: string;
  /** By partition: the offset of the next record, in decimal. */
  readonly positions: Readonly<Record<string, string>>;
}

/** What is before these offsets lies in the delivery stream's own shard of the log. */
export const topicReadChange: Change<TopicReadCommand> = {
  type: 'TopicRead',
  apply(state, { deliveryStream, positions }) {
    const stream = state.deliveryStreams.get(deliveryStream);
    if (stream?.topic !== undefined) stream.topicPositions = positions;
  },
};

/** Registry's commands are JSON, which has no offsets beyond 2^53. */
export function savedPositions(positions: TopicPositions): Record<string, string> {
  return Object.fromEntries([...positions].map(([partition, offset]) => [String(partition), String(offset)]));
}

export function readPositions(saved: Readonly<Record<string, string>>): TopicPositions {
  return new Map(Object.entries(saved).map(([partition, offset]) => [Number(partition), BigInt(offset)]));
}
