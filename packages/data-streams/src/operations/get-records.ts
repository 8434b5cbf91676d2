import { dryRunSucceeded, invalidArgument, shardDoesNotExist } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { readPage } from '../reading.ts';
import { childShards } from '../shards.ts';
import { shardId } from '../shard-id.ts';
import { referencedKey } from '../stream-lookup.ts';
import { streamKey } from '../state.ts';

const maxBytes = 10 << 20;

/**
 * Up to 10,000 records or 10 MiB. The same iterator gives the same records again while it is valid, and it is valid only
 * for the account, region and stream it was made for. At the end of a closed shard there is no next iterator, and the
 * children are named.
 */
export const getRecords: Handler<'GetRecords'> = async (service, input, context) => {
  const now = service.world.clock.now();
  const position = service.iterators.open(input.ShardIterator, now);
  const { account, region, streamName, streamId, shardNumber } = position;
  const named =
    input.StreamARN === undefined
      ? { ...context, name: streamName }
      : referencedKey(service.state, { StreamARN: input.StreamARN }, context);
  if (account !== named.account || region !== named.region || streamName !== named.name)
    throw invalidArgument('Invalid ShardIterator.');
  const stream = service.state.streams.get(streamKey(account, region, streamName));
  const shard = stream?.shards.get(shardNumber);
  if (stream === undefined || stream.id !== streamId || shard === undefined)
    throw shardDoesNotExist(shardNumber, { name: streamName, account });
  if (input.DryRun === true) throw dryRunSucceeded();
  service.limits.beginRead(shard.logId, shardId(shardNumber), streamName, account);
  const page = await readPage(service, { stream, shard }, position.index, {
    maxRecords: input.Limit ?? 10_000,
    maxBytes,
  });
  service.limits.endRead(shard.logId, page.bytes);
  return {
    ...(page.atEnd
      ? { ChildShards: childShards(stream, shard) }
      : { NextShardIterator: service.iterators.seal({ ...position, index: page.nextIndex, issuedMs: now }) }),
    MillisBehindLatest: page.millisBehindLatest,
    Records: page.records,
  };
};
