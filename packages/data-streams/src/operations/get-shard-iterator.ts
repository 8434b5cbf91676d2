import { AwsError } from '@millrace/model';
import { dryRunSucceeded, shardDoesNotExist } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { resolvePosition } from '../iterators/position.ts';
import { namedShard } from '../reshard/names.ts';
import { shardId } from '../shard-id.ts';
import { referencedKey } from '../stream-lookup.ts';
import { streamKey } from '../state.ts';

/** An iterator for five minutes. A stream that is not there is told of as its shard is (recorded). */
export const getShardIterator: Handler<'GetShardIterator'> = async (service, input, context) => {
  const { name, account, region } = referencedKey(service.state, input, context);
  const number = namedShard(input.ShardId, name, account);
  const stream = service.state.streams.get(streamKey(account, region, name));
  const shard = stream?.status === 'CREATING' ? undefined : stream?.shards.get(number);
  if (stream === undefined || shard === undefined) throw shardDoesNotExist(number, { name, account });
  if (input.ShardIteratorType === 'AT_SEQUENCE_NUMBER' && input.StartingSequenceNumber === '0') {
    // AWS fails at its own version-0 layout here (recorded); so does a client that depends on it.
    throw new AwsError('InternalFailure', 'Internal Service Failure', 500);
  }
  service.limits.takeIterator(shard.logId, shardId(number), name, account);
  const index = await resolvePosition(
    service,
    { stream, shard, operation: 'GetShardIterator' },
    { type: input.ShardIteratorType, sequenceNumber: input.StartingSequenceNumber, timestampMs: input.Timestamp },
  );
  if (input.DryRun === true) throw dryRunSucceeded();
  return {
    ShardIterator: service.iterators.seal({
      account,
      region,
      streamId: stream.id,
      streamName: name,
      logId: shard.logId,
      shardNumber: number,
      index,
      issuedMs: service.world.clock.now(),
    }),
  };
};
