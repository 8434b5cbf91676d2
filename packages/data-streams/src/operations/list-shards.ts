import { invalidArgument, streamNotFound } from '../errors.ts';
import type { Handler, Operations } from '../handler.ts';
import { nextToken, openToken } from '../pages.ts';
import type { DataStreams, RequestContext } from '../service.ts';
import { describeShard } from '../shards.ts';
import { parseShardId, shardId } from '../shard-id.ts';
import type { Shard, Stream } from '../state.ts';
import { findStream, keyOf } from '../stream-lookup.ts';

type Input = Operations['ListShards']['input'];

/**
 * Shards by number, `MaxResults` (default 1,000) a page, through a filter. A token carries stream, place and filter, so
 * nothing else may come with it (texts recorded).
 */
export const listShards: Handler<'ListShards'> = (service, input, context) => {
  const now = service.world.clock.now();
  const { stream, after, filter } = resolve(service, input, context, now);
  service.limits.call('ListShards', context.account, context.region, keyOf(stream));
  const all =
    stream.status === 'CREATING'
      ? []
      : [...stream.shards.values()].filter((shard) => shard.number > after && passes(service, shard, stream, filter));
  const page = all.slice(0, Math.min(input.MaxResults ?? 1000, 10_000));
  const hasMore = page.length < all.length;
  const scope = JSON.stringify([keyOf(stream), stream.id, filter ?? null]);
  return {
    Shards: page.map(describeShard),
    ...(hasMore && { NextToken: nextToken(scope, shardId(page.at(-1)!.number), now) }),
  };
};

function resolve(
  service: DataStreams,
  input: Input,
  context: RequestContext,
  now: number,
): { stream: Stream; after: number; filter: Input['ShardFilter'] } {
  const { NextToken: token, StreamName: name, StreamARN: arn, StreamId: id } = input;
  if (token !== undefined) {
    if (name !== undefined) throw invalidArgument('NextToken and StreamName cannot be provided together.');
    if (arn !== undefined && input.ExclusiveStartShardId !== undefined)
      throw invalidArgument('NextToken and ExclusiveStartShardId cannot be provided together.');
    const opened = openToken(token, now);
    const [key, streamId, filter] = parseScope(opened.scope);
    const stream = service.state.streams.get(key);
    if (stream === undefined || stream.id !== streamId) throw streamNotFound(key.split(':')[2]!, key.split(':')[0]!);
    return { stream, after: parseShardId(opened.after)!, filter };
  }
  if (name === undefined && arn === undefined && id === undefined)
    throw invalidArgument('Either NextToken or StreamName should be provided.');
  const stream = findStream(service.state, input, context);
  const created = input.StreamCreationTimestamp;
  if (created !== undefined && Math.floor(created / 1000) !== Math.floor(stream.createdMs / 1000))
    throw streamNotFound(stream.name, stream.account);
  const start = input.ExclusiveStartShardId;
  const after = start === undefined ? -1 : parseShardId(start);
  if (after === undefined) throw invalidArgument(`Invalid ExclusiveStartShardId: ${start}`);
  return { stream, after, filter: checkFilter(service, input.ShardFilter, stream) };
}

function parseScope(scope: string): [string, string, Input['ShardFilter']] {
  try {
    const [key, id, filter] = JSON.parse(scope) as [string, string, Input['ShardFilter'] | null];
    return [key, id, filter ?? undefined];
  } catch {
    throw invalidArgument('NextToken is invalid.');
  }
}

function checkFilter(service: DataStreams, filter: Input['ShardFilter'], stream: Stream): Input['ShardFilter'] {
  if (filter === undefined) return undefined;
  const { Type: type, ShardId: id, Timestamp: timestamp } = filter;
  const byTime = type === 'AT_TIMESTAMP' || type === 'FROM_TIMESTAMP';
  if ((type === 'AFTER_SHARD_ID') !== (id !== undefined)) {
    throw invalidArgument(
      id === undefined
        ? 'ShardFilter of type AFTER_SHARD_ID must have a ShardId.'
        : `ShardFilter of type ${type} must not have a ShardId.`,
    );
  }
  if (byTime !== (timestamp !== undefined)) {
    throw invalidArgument(
      byTime
        ? `ShardFilter of type ${type} must have a Timestamp.`
        : `ShardFilter of type ${type} must not have a Timestamp.`,
    );
  }
  if (timestamp !== undefined && timestamp > service.world.clock.now())
    throw invalidArgument('The Timestamp of a ShardFilter must not be in the future.');
  if (timestamp !== undefined && timestamp < stream.createdMs - 1000)
    throw invalidArgument(`The Timestamp of a ShardFilter must not be before the creation of stream ${stream.name}.`);
  return filter;
}

/** A shard is open at a time when it was created at or before it and closed after it; TRIM_HORIZON is the oldest time kept. */
function passes(service: DataStreams, shard: Shard, stream: Stream, filter: Input['ShardFilter']): boolean {
  const horizonMs = service.world.clock.now() - stream.retentionHours * 3_600_000;
  const openAt = (timeMs: number): boolean =>
    createdMs(shard, stream) <= timeMs && (shard.closed === undefined || shard.closed.atMs > timeMs);
  switch (filter?.Type) {
    case 'AFTER_SHARD_ID':
      return shard.number > (parseShardId(filter.ShardId!) ?? -1);
    case 'AT_LATEST':
      return shard.closed === undefined;
    case 'AT_TRIM_HORIZON':
      return openAt(Math.max(horizonMs, stream.createdMs));
    case 'FROM_TRIM_HORIZON':
      return shard.closed === undefined || shard.closed.atMs >= horizonMs;
    case 'AT_TIMESTAMP':
      return openAt(Math.max(filter.Timestamp!, stream.createdMs));
    case 'FROM_TIMESTAMP':
      return shard.closed === undefined || shard.closed.atMs >= filter.Timestamp!;
    default:
      return true;
  }
}

/** A child's creation second may lie a little ahead of the clock: its parents' closing is when it really began. */
function createdMs(shard: Shard, stream: Stream): number {
  if (shard.parent === undefined) return stream.createdMs;
  return stream.shards.get(shard.parent)?.closed?.atMs ?? 0;
}
