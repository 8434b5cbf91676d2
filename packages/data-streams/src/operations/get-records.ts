import { dryRunSucceeded, invalidArgument, shardDoesNotExist } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { readPage } from '../reading.ts';
import type { Page } from '../reading.ts';
import type { DataStreams, RequestContext } from '../service.ts';
import type { Shard, Stream } from '../state.ts';
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
  const metrics = service.metrics.of(stream);
  try {
    service.limits.beginRead(shard.logId, shardId(shardNumber), streamName, account);
  } catch (error) {
    metrics.exceeded('Read', shardNumber);
    metrics.called('GetRecords', 0);
    throw error;
  }
  const beganMs = service.world.clock.monotonicMs();
  const page = await readWithinBudget(
    service,
    { stream, shard },
    { from: position.index, limit: input.Limit },
    context,
  );
  service.limits.endRead(shard.logId, page.bytes);
  metrics.called('GetRecords', service.world.clock.monotonicMs() - beganMs);
  metrics.counters['GetRecords.Success'] += 1;
  metrics.counters['GetRecords.Bytes'] += page.bytes;
  metrics.counters['GetRecords.Records'] += page.records.length;
  metrics.read(shardNumber, page.bytes, page.records.length);
  metrics.readAtAge(shardNumber, page.millisBehindLatest);
  return {
    ...(page.atEnd
      ? { ChildShards: childShards(stream, shard) }
      : { NextShardIterator: service.iterators.seal({ ...position, index: page.nextIndex, issuedMs: now }) }),
    MillisBehindLatest: page.millisBehindLatest,
    Records: page.records,
  };
};

/** Records in base64, with what stands around them. */
const answerFactor = 1.5;

/**
 * Reads when there is room for the answer, which is held until the client has taken it: slow readers hold back readers, not
 * the server. What a page will have is known only afterwards; until then the most it can have is reserved.
 */
async function readWithinBudget(
  service: DataStreams,
  place: { stream: Stream; shard: Shard },
  { from, limit = 10_000 }: { from: number; limit: number | undefined },
  context: RequestContext,
): Promise<Page> {
  const { answers } = service;
  const available = (service.log.status(place.shard.logId)?.nextIndex ?? 0) - from;
  // At the tip, where most readers are most of the time, there is nothing to hold.
  if (available <= 0) return readPage(service, place, from, { maxRecords: limit, maxBytes });
  const largest = Math.min(available, limit) * (place.stream.maxRecordSizeKiB * 1024 + 512);
  const reserved = Math.min(maxBytes, largest) * answerFactor;
  const room = answers.acquire(reserved);
  if (room !== undefined) await room;
  let held = reserved;
  try {
    const page = await readPage(service, place, from, { maxRecords: limit, maxBytes });
    held = Math.min(reserved, page.bytes * answerFactor);
    return page;
  } finally {
    answers.release(reserved - held);
    context.onAnswered(() => answers.release(held));
  }
}
