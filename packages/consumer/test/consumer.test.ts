import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  GetRecordsCommand,
  PutRecordCommand,
  SplitShardCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { consume, DynamoDBLeases, MemoryLeases } from '@millrace/consumer';
import type { Consumer, ConsumerBehaviour, ConsumerEvent, LeaseStore } from '@millrace/consumer';
import { TestStream } from './support.ts';

let stream: TestStream;
const running: Consumer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
  await stream.stop();
});

function start(options: Partial<ConsumerBehaviour & { leases: LeaseStore }> = {}): Consumer {
  const consumer = consume({
    client: stream.client,
    stream: 's',
    leases: new DynamoDBLeases(stream.dynamodb, 'application'),
    processor: (records) => stream.see(records),
    failoverMs: 1000,
    idleMs: 30,
    ...options,
  });
  running.push(consumer);
  return consumer;
}

for (const [mode, options] of [
  ['polling', {}],
  ['enhanced fan-out', { fanOut: { consumerName: 'workers' } }],
] as const)
  test(`${mode}: two workers share the shards, a split is followed, aggregated records come apart, one stops and the other goes on`, async () => {
    stream = await TestStream.open(4);
    const [one, other] = [start(options), start(options)];
    await stream.put(5);
    await stream.until(() => one.metrics().shards.length === 2 && other.metrics().shards.length === 2);
    const split = {
      StreamName: 's',
      ShardToSplit: 'shardId-000000000001',
      NewStartingHashKey: String(2n ** 126n + 2n ** 125n),
    };
    await stream.client.send(new SplitShardCommand(split));
    await stream.put(5);
    await stream.active();
    await stream.put(5);
    await stream.until(() => stream.isComplete());
    await one.stop();
    assert.deepEqual(one.metrics().shards, []);
    await stream.put(5);
    await stream.until(() => stream.isComplete() && other.metrics().shards.length === 5);
    const ordinals = [...Array(40).keys()];
    for (const firsts of stream.firsts) assert.deepEqual(firsts, ordinals);
    const { Items: items } = await stream.dynamodb.send(new ScanCommand({ TableName: 'application' }));
    const ended = items!.filter(({ checkpoint }) => checkpoint!.S === 'SHARD_END').map(({ leaseKey }) => leaseKey!.S);
    assert.deepEqual(ended, ['shardId-000000000001']);
    const child = items!.find(({ leaseKey }) => leaseKey!.S === 'shardId-000000000004')!;
    assert.deepEqual(child['parentShardId'], { SS: ['shardId-000000000001'] });
  });

test('what was checkpointed is not read again, to the part of an aggregated record', async () => {
  stream = await TestStream.open(1);
  await stream.put(4);
  const leases = new MemoryLeases();
  const one = start({ leases });
  await stream.until(() => stream.isComplete());
  await one.stop();
  const before = [...stream.seen.values()].flat().length;
  start({ leases });
  await stream.put(1);
  await stream.until(() => stream.isComplete());
  assert.equal([...stream.seen.values()].flat().length, before + 40);
});

test('records that fail are tried again, skipped, or end the reading, as the caller says', async () => {
  stream = await TestStream.open(1);
  const tried: number[] = [];
  const events: ConsumerEvent[] = [];
  const put = (Data: string): Promise<unknown> =>
    stream.client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'k', Data: Buffer.from(Data) }));
  const got: string[] = [];
  start({
    maxRecords: 1,
    onEvent: (event) => void events.push(event),
    processor: ([record], { attempt }) => {
      const text = Buffer.from(record!.data).toString();
      if (text === 'poison') {
        tried.push(attempt);
        throw new Error('no');
      }
      got.push(text);
    },
    onError: (_error, _records, { attempt }) => (attempt < 2 ? 'retry' : 'skip'),
  });
  for (const text of ['a', 'poison', 'b']) await put(text);
  await stream.until(() => got.length === 2);
  assert.deepEqual(
    [got, tried],
    [
      ['a', 'b'],
      [0, 1, 2],
    ],
  );
  assert.equal(events.filter(({ type }) => type === 'error').length, 3);
});

test('what comes while reading from LATEST is interrupted is not passed over', async () => {
  stream = await TestStream.open(1);
  let isDown = false;
  let isAtTip = false;
  const send = async (command: never, options: never): Promise<never> => {
    if (isDown) throw new Error('down');
    const answer = await stream.client.send<never, never>(command, options);
    if ((command as object) instanceof SubscribeToShardCommand) isAtTip = true;
    return answer;
  };
  start({
    client: { send: send as never },
    initialPosition: 'LATEST',
    leases: new MemoryLeases(),
    fanOut: { consumerName: 'c' },
  });
  await stream.until(() => isAtTip);
  isDown = true;
  stream.client.destroy();
  stream.renew();
  await stream.put(2);
  isDown = false;
  await stream.until(() => stream.isComplete());
});

test('LATEST begins at the tip, and stays with what comes of it', async () => {
  stream = await TestStream.open(1);
  await stream.put(3);
  let isAtTip = false;
  const send = async (command: never): Promise<never> => {
    const answer = await stream.client.send<never, never>(command);
    if ((command as object) instanceof GetRecordsCommand) isAtTip = true;
    return answer;
  };
  start({ client: { send: send as never }, initialPosition: 'LATEST', leases: new MemoryLeases() });
  await stream.until(() => isAtTip);
  const split = { StreamName: 's', ShardToSplit: 'shardId-000000000000', NewStartingHashKey: String(2n ** 127n) };
  await stream.client.send(new SplitShardCommand(split));
  await stream.active();
  await stream.put(2);
  await stream.until(() => stream.seen.size === 20 && [...stream.seen.values()].every((seen) => seen.length === 4));
  for (const seen of stream.seen.values()) assert.deepEqual(seen, [6, 7, 8, 9]);
});

test('a shard that the processor stops at is left to others', async () => {
  stream = await TestStream.open(1);
  await stream.put(1);
  const leases = new MemoryLeases();
  let tries = 0;
  const one = start({
    leases,
    processor: () => {
      tries += 1;
      throw new Error('no');
    },
    onError: () => 'stop',
  });
  await stream.until(() => tries === 1 && one.metrics().shards.length === 0);
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(tries, 1);
  start({ leases });
  await stream.until(() => stream.isComplete());
});
