import { describeConsumer } from '../consumers.ts';
import type { Handler } from '../handler.ts';
import { findConsumer, keyOf } from '../stream-lookup.ts';

/** A consumer by its ARN, or by its name and the stream's ARN. */
export const describeStreamConsumer: Handler<'DescribeStreamConsumer'> = (service, input, context) => {
  const { stream, consumer } = findConsumer(service.state, input);
  service.limits.call('DescribeStreamConsumer', context.account, context.region, keyOf(stream));
  return { ConsumerDescription: { ...describeConsumer(consumer), StreamARN: stream.arn } };
};
