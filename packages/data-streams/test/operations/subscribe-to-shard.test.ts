import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { base64, OneStream, streamArn } from '../one-stream.ts';
import type { TestOptions } from '../support.ts';

interface Event {
  Records: { Data: Buffer }[];
  ContinuationSequenceNumber?: string;
  ChildShards?: { ShardId: string }[];
  MillisBehindLatest: number;
}
type Events = AsyncGenerator<{ SubscribeToShardEvent: Event }>;

let one: OneStream;
let consumerArn = '';

async function open(options: TestOptions = {}): Promise<void> {
  one = await OneStream.open(1, options);
  consumerArn = await register('c');
}

async function register(ConsumerName: string): Promise<string> {
  const answer = (await one.streams.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName })) as {
    Consumer: { ConsumerARN: string };
  };
  const ConsumerARN = answer.Consumer.ConsumerARN;
  for (;;) {
    const { ConsumerDescription: found } = await one.streams.call('DescribeStreamConsumer', { ConsumerARN });
    if ((found as { ConsumerStatus: string }).ConsumerStatus === 'ACTIVE') return ConsumerARN;
    // Also lets the rate of DescribeStreamConsumer recover.
    one.world.advance(100);
    await turn();
  }
}

beforeEach(() => open());
afterEach(() => one.streams.stop());

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const request = (StartingPosition: object, more: object = {}): object => ({
  ConsumerARN: consumerArn,
  ShardId: 'shardId-000000000000',
  StartingPosition,
  ...more,
});

async function subscribe(
  position: object,
  { signal = new AbortController().signal, ...more }: { signal?: AbortSignal; ConsumerARN?: string } = {},
): Promise<Events> {
  const answer = await one.streams.call('SubscribeToShard', request(position, more), { signal });
  return answer['EventStream'] as Events;
}

async function next(events: Events): Promise<Event> {
  const { value, done } = (await events.next()) as { value: { SubscribeToShardEvent: Event }; done?: boolean };
  assert.notEqual(done, true, 'the subscription has ended');
  return value.SubscribeToShardEvent;
}

const textsOf = ({ Records }: Event): string[] => Records.map(({ Data }) => Data.toString());

/** Takes events until `count` records came. */
async function take(events: Events, count: number): Promise<{ texts: string[]; last: Event }> {
  const texts: string[] = [];
  for (;;) {
    const event = await next(events);
    texts.push(...textsOf(event));
    if (texts.length >= count) return { texts, last: event };
  }
}

test('records come as they are put, and a continuation goes on without loss or repetition, AT or AFTER', async () => {
  await one.put('0');
  const first = await subscribe({ Type: 'TRIM_HORIZON' });
  assert.deepEqual((await take(first, 1)).texts, ['0']);
  await one.put('1');
  const { texts, last } = await take(first, 1);
  assert.deepEqual(texts, ['1']);
  await first.return(undefined);
  await one.put('2');
  for (const Type of ['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER']) {
    const again = await subscribe({ Type, SequenceNumber: last.ContinuationSequenceNumber });
    assert.deepEqual((await take(again, 1)).texts, ['2'], Type);
    await again.return(undefined);
  }
});

test('all five positions begin where they say', async () => {
  const SequenceNumber = await one.put('0');
  one.world.advance(10_000);
  const Timestamp = one.world.clock.now() / 1000 - 5;
  await one.put('1');
  const expected: [object, string[]][] = [
    [{ Type: 'TRIM_HORIZON' }, ['0', '1']],
    [{ Type: 'AT_SEQUENCE_NUMBER', SequenceNumber }, ['0', '1']],
    [{ Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber }, ['1']],
    [{ Type: 'AT_TIMESTAMP', Timestamp }, ['1']],
    [{ Type: 'LATEST' }, []],
  ];
  for (const [position, texts] of expected) {
    const events = await subscribe(position);
    await one.put('tail');
    const got = (await take(events, texts.length + 1)).texts;
    assert.deepEqual(got.slice(0, texts.length), texts, JSON.stringify(position));
    await events.return(undefined);
  }
});

test('an idle shard, from each position: at once and every five seconds an event with a continuation that misses nothing; after five minutes the end', async () => {
  const Timestamp = one.world.clock.now() / 1000;
  for (const position of [{ Type: 'TRIM_HORIZON' }, { Type: 'LATEST' }, { Type: 'AT_TIMESTAMP', Timestamp }]) {
    const ConsumerARN = await register(`idle-${position.Type}`);
    const events = await subscribe(position, { ConsumerARN });
    let last = await next(events);
    let heartbeats = 0;
    for (;;) {
      const coming = events.next();
      await turn();
      one.world.advance(5000);
      const { value, done } = await coming;
      if (done === true) break;
      last = value.SubscribeToShardEvent;
      assert.deepEqual([last.Records, last.MillisBehindLatest], [[], 0]);
      heartbeats += 1;
    }
    assert.ok(heartbeats >= 58 && heartbeats <= 60, `${heartbeats} events in five minutes`);
    const SequenceNumber = last.ContinuationSequenceNumber;
    const again = await subscribe({ Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber }, { ConsumerARN });
    await one.put(position.Type);
    assert.deepEqual((await take(again, 1)).texts, [position.Type]);
    await again.return(undefined);
  }
});

test('a subscription lasts as long as the setting says', async () => {
  await one.streams.stop();
  await open({ subscriptionMs: 12_000 });
  const events = await subscribe({ Type: 'LATEST' });
  await next(events);
  let heartbeats = 0;
  for (;;) {
    const coming = events.next();
    await turn();
    one.world.advance(5000);
    if ((await coming).done === true) break;
    heartbeats += 1;
  }
  // After 5 and 10 seconds, and a last one at the end.
  assert.equal(heartbeats, 3);
});

test('the end of a split shard names the children, has no continuation, and ends the stream', async () => {
  await one.put('0');
  const events = await subscribe({ Type: 'TRIM_HORIZON' });
  await take(events, 1);
  await one.streams.call('SplitShard', {
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

test('a second subscription is refused for five seconds, then takes the place of the first, which ends', async () => {
  const first = await subscribe({ Type: 'LATEST' });
  await next(first);
  const waiting = first.next();
  await assert.rejects(subscribe({ Type: 'LATEST' }), { code: 'ResourceInUseException' });
  one.world.advance(4000);
  await assert.rejects(subscribe({ Type: 'LATEST' }), { code: 'ResourceInUseException' });
  one.world.advance(1100);
  const second = await subscribe({ Type: 'LATEST' });
  await waiting;
  while ((await first.next()).done !== true);
  await next(second);
  await one.put('0');
  assert.deepEqual((await take(second, 1)).texts, ['0']);
  await second.return(undefined);
});

test('a client that left makes room at once, whether it has taken an event or not', async () => {
  for (const takes of [0, 1, 2]) {
    const leaving = new AbortController();
    const events = await subscribe({ Type: 'LATEST' }, { signal: leaving.signal });
    if (takes > 0) await next(events);
    const waiting = takes > 1 ? events.next() : undefined;
    leaving.abort();
    if (waiting !== undefined) assert.equal((await waiting).done, true);
    assert.equal(one.streams.service.fanout.openSessions, 0, `after ${takes}`);
  }
  assert.equal(one.streams.service.fanout.openSessions, 0);
});

test('deregistering a consumer, and deleting the stream, end its subscriptions', async () => {
  const events = await subscribe({ Type: 'LATEST' });
  await next(events);
  const waiting = events.next();
  await one.streams.call('DeregisterStreamConsumer', { ConsumerARN: consumerArn });
  assert.equal((await waiting).done, true);
  const other = await subscribe({ Type: 'LATEST' }, { ConsumerARN: await register('d') });
  await next(other);
  const rest = other.next();
  await one.streams.call('DeleteStream', { StreamName: 's', EnforceConsumerDeletion: true });
  assert.equal((await rest).done, true);
});

test('two consumers get the same records, each by itself', async () => {
  const both = [
    await subscribe({ Type: 'LATEST' }),
    await subscribe({ Type: 'LATEST' }, { ConsumerARN: await register('d') }),
  ];
  for (const events of both) await next(events);
  await one.put('0');
  for (const events of both) {
    assert.deepEqual((await take(events, 1)).texts, ['0']);
    await events.return(undefined);
  }
});

test('a consumer gets 2 MiB a second and shard, and an event no more than about 1 MiB', async () => {
  await one.streams.stop();
  await open({ limits: 'aws' });
  one.world.hold();
  const mebibyte = (1 << 20) - 1;
  for (let n = 0; n < 6; n += 1) {
    await one.put('x'.repeat(mebibyte));
    one.world.advance(1000);
  }
  const events = await subscribe({ Type: 'TRIM_HORIZON' });
  let records = 0;
  let seconds = 0;
  while (records < 6) {
    const coming = next(events);
    let isThere = false;
    void coming.then(() => (isThere = true));
    for (let turns = 0; !isThere && turns < 200; turns += 1) await turn();
    for (; !isThere; seconds += 0.05) {
      one.world.advance(50);
      await turn();
    }
    const { Records } = await coming;
    assert.ok(Records.length <= 2, `${Records.length} records in an event`);
    records += Records.length;
  }
  // Two seconds' worth come at once, the other four at two a second.
  assert.ok(seconds >= 1.4 && seconds <= 2.2, `${seconds} s`);
  await events.return(undefined);
});

test('a reader that takes nothing costs nothing: the log is not read ahead of it', async () => {
  const events = await subscribe({ Type: 'TRIM_HORIZON' });
  const { log } = one.streams.service;
  let reads = 0;
  const read = log.read.bind(log);
  log.read = (...all) => {
    reads += 1;
    return read(...all);
  };
  for (let n = 0; n < 20; n += 1) await one.put(base64(String(n)));
  await turn();
  assert.equal(reads, 0);
  assert.equal((await take(events, 20)).texts.length, 20);
  assert.equal(reads, 1);
  await events.return(undefined);
});

test('what cannot be subscribed to is told before the stream of events begins', async () => {
  const refusal = (position: object, more: object = {}): Promise<string> =>
    one.streams.refusal('SubscribeToShard', request(position, more));
  assert.match(
    await refusal({ Type: 'LATEST' }, { ShardId: '7' }),
    /^ResourceNotFoundException: Shard shardId-000000000007/,
  );
  assert.match(
    await refusal({ Type: 'LATEST' }, { ConsumerARN: consumerArn.replace('/c:', '/x:') }),
    /^ResourceNotFoundException/,
  );
  assert.match(await refusal({ Type: 'AT_SEQUENCE_NUMBER' }), /^InvalidArgumentException/);
  assert.match(await refusal({ Type: 'AT_TIMESTAMP' }), /^InvalidArgumentException/);
  assert.match(await refusal({ Type: 'LATEST' }, { DryRun: true }), /^DryRunOperationException/);
  assert.equal(one.streams.service.fanout.openSessions, 0);
});
