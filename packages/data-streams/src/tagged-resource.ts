import { findConsumer, findStream, parseArn } from './stream-lookup.ts';
import type { StreamsState } from './state.ts';

/** The tags of the stream or consumer with this ARN. Throws ResourceNotFoundException. */
export function taggedResource(state: StreamsState, arn: string): Map<string, string> {
  if (parseArn(arn)?.consumerName !== undefined) return findConsumer(state, { ConsumerARN: arn }).consumer.tags;
  return findStream(state, { StreamARN: arn }, { account: '', region: '' }).tags;
}
