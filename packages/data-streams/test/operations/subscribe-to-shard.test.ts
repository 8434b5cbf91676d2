import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { testService } from '../support.ts';
import type { TestService } from '../support.ts';

interface Event {
  Records: { Data: Buffer }[];
  ContinuationSequenceNumber?: string;
  ChildShards?: { ShardId: string }[];
  MillisBehindLatest: number;
}

let streams: TestService;
let consumerArn = '';

beforeEach(async () => {
  streams = await testService();
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await streams.untilActive('s');
  const answer = (await streams.call('RegisterStreamConsumer', {
    StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    ConsumerName: 'c',
  })) as { Consumer: { ConsumerARN: string } };
  consumerArn = answer.Consumer.ConsumerARN;
  for (;;) {
    const found = (await streams.call('DescribeStreamConsumer', { ConsumerARN: consumerArn })) as {
      ConsumerDescription: { ConsumerStatus: string };
    };
    if (found.ConsumerDescription.ConsumerStatus === 'ACTIVE') break;
    await new Promise((resolve) => setImmediate(resolve));
  }
});
afterEach(() => streams.stop());

async function subscribe(
  position: object,
  signal = new AbortController().signal,
): Promise<AsyncGenerator<{ SubscribeToShardEvent: Event }>> {
  const answer = await streams.call(
    'SubscribeToShard',
    { ConsumerARN: consumerArn, ShardId: 'shardId-000000000000', StartingPosition: position },
    { signal },
  );
  return answer['EventStream'] as AsyncGenerator<{ SubscribeToShardEvent: Event }>;
}

const put = (text: string): Promise<object> =>
  streams.call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: Buffer.from(text).toString('base64') });

/** Takes events until `count` records came. */
async function take(
  events: AsyncGenerator<{ SubscribeToShardEvent: Event }>,
  count: number,
): Promise<{ texts: string[]; last: Event }> {
  const texts: string[] = [];
  for (;;) {
    const { value } = await events.next();
    const event = value.SubscribeToShardEvent as Event;
    texts.push(...event.Records.map(({ Data }) => Data.toString()));
    if (texts.length >= count) return { texts, last: event };
  }
}

test('records come as they are put, and a continuation goes on without loss or repetition, AT or AFTER', async () => {
  await put('0');
  const first = await subscribe({ Type: 'TRIM_HORIZON' });
  assert.deepEqual((await take(first, 1)).texts, ['0']);
  await put('1');
  const { texts, last } = await take(first, 1);
  assert.deepEqual(texts, ['1']);
  await first.return(undefined);
  await put('2');
  for (const Type of ['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER']) {
    const next = await subscribe({ Type, SequenceNumber: last.ContinuationSequenceNumber });
    assert.deepEqual((await take(next, 1)).texts, ['2'], Type);
    await next.return(undefined);
  }
});

test('an empty shard answers at once with a continuation from which nothing is missed', async () => {
  const events = await subscribe({ Type: 'LATEST' });
  const { value } = await events.next();
  await events.return(undefined);
  await put('0');
  const next = await subscribe({
    Type: 'AFTER_SEQUENCE_NUMBER',
    SequenceNumber: value.SubscribeToShardEvent.ContinuationSequenceNumber,
  });
  assert.deepEqual((await take(next, 1)).texts, ['0']);
  await next.return(undefined);
});

test('the end of a split shard names the children, has no continuation, and ends the stream', async () => {
  await put('0');
  const events = await subscribe({ Type: 'TRIM_HORIZON' });
  await take(events, 1);
  await streams.call('SplitShard', {
    StreamName: 's',
    ShardToSplit: 'shardId-0',
    NewStartingHashKey: String(2n ** 127n),
  });
  const rest: Event[] = [];
  for await (const { SubscribeToShardEvent: event } of events) rest.push(event);
  assert.deepEqual(
    rest.at(-1)!.ChildShards!.map(({ ShardId }) => ShardId),
    ['shardId-000000000001', 'shardId-000000000002'],
  );
  assert.equal(rest.at(-1)!.ContinuationSequenceNumber, undefined);
});

test('a second subscription within five seconds is refused; one whose client has left makes room', async () => {
  const leaving = new AbortController();
  const events = await subscribe({ Type: 'LATEST' }, leaving.signal);
  await events.next();
  await assert.rejects(subscribe({ Type: 'LATEST' }), { code: 'ResourceInUseException' });
  const waiting = events.next();
  leaving.abort();
  assert.equal((await waiting).done, true);
  await (await subscribe({ Type: 'LATEST' })).return(undefined);
});

test('deregistering a consumer ends its subscriptions', async () => {
  const events = await subscribe({ Type: 'LATEST' });
  await events.next();
  const waiting = events.next();
  await streams.call('DeregisterStreamConsumer', { ConsumerARN: consumerArn });
  assert.equal((await waiting).done, true);
});
