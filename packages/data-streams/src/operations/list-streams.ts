import type { Handler } from '../handler.ts';
import { nextToken, openToken } from '../pages.ts';

/** The account's streams in this region by name, `Limit` (default 100) a page. */
export const listStreams: Handler<'ListStreams'> = (service, input, { account, region }) => {
  service.limits.call('ListStreams', account, region);
  const now = service.world.clock.now();
  const after = input.NextToken === undefined ? input.ExclusiveStartStreamName : openToken(input.NextToken, now).after;
  const own = [...service.state.streams.values()]
    .filter(
      (stream) =>
        stream.account === account && stream.region === region && (after === undefined || stream.name > after),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = own.slice(0, Math.min(input.Limit ?? 100, 10_000));
  const hasMore = page.length < own.length;
  return {
    StreamNames: page.map(({ name }) => name),
    HasMoreStreams: hasMore,
    ...(hasMore && { NextToken: nextToken('streams', page.at(-1)!.name, now) }),
    StreamSummaries: page.map((stream) => ({
      StreamName: stream.name,
      StreamARN: stream.arn,
      StreamStatus: stream.status,
      StreamModeDetails: { StreamMode: stream.mode },
      StreamCreationTimestamp: Math.floor(stream.createdMs / 1000) * 1000,
    })),
  };
};
