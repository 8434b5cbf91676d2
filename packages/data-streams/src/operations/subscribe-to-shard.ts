import { AwsError } from '@millrace/model';
import { dryRunSucceeded, invalidArgument, shardDoesNotExist } from '../errors.ts';
import { push } from '../fanout/push.ts';
import type { Handler } from '../handler.ts';
import { resolvePosition } from '../iterators/position.ts';
import { namedShard } from '../reshard/names.ts';
import { shardId } from '../shard-id.ts';
import { findConsumer } from '../stream-lookup.ts';

/** Five minutes of records pushed as they come. Everything that can be wrong is told before the stream of events begins. */
export const subscribeToShard: Handler<'SubscribeToShard'> = async (service, input, context) => {
  const { stream, consumer } = findConsumer(service.state, { ConsumerARN: input.ConsumerARN });
  const number = namedShard(input.ShardId, stream.name, stream.account);
  const shard = stream.shards.get(number);
  if (shard === undefined || stream.status === 'CREATING') throw shardDoesNotExist(number, stream);
  if (consumer.status !== 'ACTIVE') {
    throw new AwsError(
      'ResourceInUseException',
      `Consumer ${consumer.arn} is not ACTIVE, instead in state ${consumer.status}`,
    );
  }
  const { Type: type, SequenceNumber: sequenceNumber, Timestamp: timestampMs } = input.StartingPosition;
  if (type === 'AT_TIMESTAMP' && sequenceNumber !== undefined)
    throw invalidArgument('A StartingPosition of type AT_TIMESTAMP must not have a SequenceNumber.');
  const fromIndex = await resolvePosition(
    service,
    { stream, shard, operation: 'SubscribeToShard' },
    { type, sequenceNumber, timestampMs },
  );
  if (input.DryRun === true) throw dryRunSucceeded();
  const { counters } = service.metrics.of(stream);
  let session: ReturnType<typeof service.fanout.begin>;
  try {
    session = service.fanout.begin(consumer.arn, shardId(number), service.world.clock.monotonicMs());
  } catch (error) {
    counters['SubscribeToShard.RateExceeded'] += 1;
    throw error;
  }
  counters['SubscribeToShard.Success'] += 1;
  // A client may leave before the first event was asked for: a generator that never ran does not clean up.
  const close = (): void => {
    context.signal.removeEventListener('abort', close);
    session.close();
  };
  context.signal.addEventListener('abort', close);
  if (context.signal.aborted) close();
  return {
    EventStream: push(service, {
      stream,
      shard,
      fromIndex,
      signals: [context.signal, session.signal],
      close,
    }),
  };
};
