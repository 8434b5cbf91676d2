export { openTopic } from './topic.ts';
export type { Positions, Topic, TopicOptions, TopicRecord } from './topic.ts';
