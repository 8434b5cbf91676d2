import { describeConsumer } from '../consumers.ts';
import { AwsError } from '@millrace/model';
import type { Handler } from '../handler.ts';
import { invalidArgument } from '../errors.ts';
import { nextToken, openToken } from '../pages.ts';
import { findStream, keyOf } from '../stream-lookup.ts';

/** Consumers by name, `MaxResults` (default 100) a page. */
export const listStreamConsumers: Handler<'ListStreamConsumers'> = (service, input, context) => {
  const stream = findStream(service.state, { StreamARN: input.StreamARN }, context);
  service.limits.call('ListStreamConsumers', context.account, context.region, keyOf(stream));
  const created = input.StreamCreationTimestamp;
  if (created !== undefined && Math.floor(created / 1000) !== Math.floor(stream.createdMs / 1000)) {
    throw new AwsError('ResourceNotFoundException', `Stream ${stream.name} under account ${stream.account} not found.`);
  }
  const now = service.world.clock.now();
  const token = input.NextToken === undefined ? undefined : openToken(input.NextToken, now);
  if (token !== undefined && token.scope !== stream.id) throw invalidArgument('NextToken is invalid.');
  const all = [...stream.consumers.values()]
    .filter(({ name }) => token === undefined || name > token.after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = all.slice(0, input.MaxResults ?? 100);
  return {
    Consumers: page.map(describeConsumer),
    ...(page.length < all.length && { NextToken: nextToken(stream.id, page.at(-1)!.name, now) }),
  };
};
