import { describeStreamBase } from '../described.ts';
import { invalidArgument } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { describeShard } from '../shards.ts';
import { parseShardId } from '../shard-id.ts';
import { findStream } from '../stream-lookup.ts';

/** Shards in order of creation, `Limit` (default 100) a page; none while the stream is CREATING. */
export const describeStream: Handler<'DescribeStream'> = (service, input, context) => {
  service.limits.call('DescribeStream', context.account, context.region);
  const stream = findStream(service.state, input, context);
  let after = -1;
  if (input.ExclusiveStartShardId !== undefined) {
    const number = parseShardId(input.ExclusiveStartShardId);
    if (number === undefined) throw invalidArgument(`Invalid ExclusiveStartShardId: ${input.ExclusiveStartShardId}`);
    after = number;
  }
  const all = stream.status === 'CREATING' ? [] : [...stream.shards.values()].filter(({ number }) => number > after);
  const page = all.slice(0, Math.min(input.Limit ?? 100, 10_000));
  return {
    StreamDescription: {
      ...describeStreamBase(stream),
      Shards: page.map(describeShard),
      HasMoreShards: page.length < all.length,
    },
  };
};
