import { describeSummary } from '../described.ts';
import type { Handler } from '../handler.ts';
import { findStream } from '../stream-lookup.ts';

/** The stream without its shards. */
export const describeStreamSummary: Handler<'DescribeStreamSummary'> = (service, input, context) => {
  service.limits.call('DescribeStreamSummary', context.account, context.region);
  return { StreamDescriptionSummary: describeSummary(findStream(service.state, input, context)) };
};
