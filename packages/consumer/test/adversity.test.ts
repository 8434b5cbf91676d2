/** Callbacks that throw, answers that never come, records that cannot be read. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  GetRecordsCommand,
  ListShardsCommand,
  PutRecordCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { consume, MemoryLeases } from '@millrace/consumer';
import type { Consumer, ConsumerBehaviour, LeaseStore, Verdict } from '@millrace/consumer';
import { TestStream } from './support.ts';

let stream: TestStream;
let consumer: Consumer;
let got: string[] = [];
beforeEach(async () => {
  got = [];
  stream = await TestStream.open(1);
});
afterEach(async () => {
  await consumer.stop();
  await stream.stop();
});

type Client = NonNullable<ConsumerBehaviour['client']>;

function start(options: Partial<ConsumerBehaviour> & { leases?: LeaseStore } = {}): void {
  consumer = consume({
    client: stream.client,
    stream: 's',
    leases: new MemoryLeases(),
    processor: (records) => void got.push(...records.map(({ data }) => Buffer.from(data).toString())),
    ...{ failoverMs: 1000, idleMs: 30, requestTimeoutMs: 300 },
    ...options,
  });
}

async function put(...texts: string[]): Promise<void> {
  for (const text of texts)
    await stream.client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'k', Data: Buffer.from(text) }));
}

const never = (): Promise<never> => new Promise<never>(() => undefined);

test('an onEvent that throws costs neither records nor leases', async () => {
  await put('1', '2');
  let attempts = 0;
  start({
    onEvent: () => {
      throw new Error('mine');
    },
    processor: (records) => {
      attempts += 1;
      if (attempts === 1) throw new Error('first');
      got.push(...records.map(({ data }) => Buffer.from(data).toString()));
    },
  });
  await stream.until(() => consumer.metrics().checkpoints > 0);
  await put('3');
  await stream.until(() => got.length >= 3);
  assert.deepEqual(got, ['1', '2', '3']);
});

test('a verdict that is none passes over nothing', async () => {
  await put('1');
  const verdicts = ['ignore', true, 'skip '];
  let failures = 0;
  start({
    processor: (records) => {
      if (failures < verdicts.length) throw new Error('no');
      got.push(...records.map(({ data }) => Buffer.from(data).toString()));
    },
    onError: () => verdicts[failures++] as Verdict,
  });
  await stream.until(() => got.length > 0);
  assert.deepEqual([consumer.metrics().skipped, consumer.metrics().deadLettered], [0, 0]);
});

test('a record that cannot be decoded is judged alone; what is around it is processed once', async () => {
  await put('1', '2', 'bad', '3', 'bad', '4');
  const judged: string[] = [];
  start({
    decode: (data) => {
      if (Buffer.from(data).toString() === 'bad') throw new RangeError('not mine');
      return data;
    },
    onError: (error, records, { attempt }) => {
      judged.push(...records.map(({ data }) => `${(error as Error).name} ${Buffer.from(data).toString()} ${attempt}`));
      return attempt === 0 ? 'retry' : 'skip';
    },
  });
  await stream.until(() => consumer.metrics().skipped === 2 && got.length >= 4);
  assert.deepEqual(got, ['1', '2', '3', '4']);
  assert.deepEqual(
    judged,
    Array.from({ length: 4 }, (_, n) => `RangeError bad ${n % 2}`),
  );
});

for (const [what, Command] of [
  ['shards', ListShardsCommand],
  ['records', GetRecordsCommand],
  ['a subscription', SubscribeToShardCommand],
] as const)
  test(`a call for ${what} that is never answered is made again, and does not hold up stop`, async () => {
    await put('1');
    let calls = 0;
    const send = (command: never, options: never): Promise<unknown> => {
      if ((command as object) instanceof Command && (calls++ === 0 || got.length > 0)) return never();
      return stream.client.send<never, never>(command, options);
    };
    start({
      client: { send: send as Client['send'] },
      ...(Command === SubscribeToShardCommand && { fanOut: { consumerName: 'workers' } }),
    });
    await stream.until(() => got.length > 0);
    await put('2');
    await consumer.stop();
  });

test('a subscription that falls silent is made again', async () => {
  await put('1');
  let calls = 0;
  const send = async (command: never, options: never): Promise<unknown> => {
    if (!((command as object) instanceof SubscribeToShardCommand) || calls++ > 0)
      return stream.client.send<never, never>(command, options);
    return { EventStream: { [Symbol.asyncIterator]: () => ({ next: never }) } };
  };
  start({ client: { send: send as Client['send'] }, fanOut: { consumerName: 'workers' } });
  await stream.until(() => got.length > 0);
});

for (const method of ['list', 'create', 'update'] as const)
  test(`a lease store whose ${method} hangs now and then holds nothing up for ever`, async () => {
    await put('1');
    const leases = new MemoryLeases();
    let calls = 0;
    const answer = leases[method].bind(leases) as (...parameters: unknown[]) => Promise<never>;
    leases[method] = (...parameters: unknown[]) => (calls++ % 3 === 0 ? never() : answer(...parameters));
    start({ leases });
    await stream.until(() => got.includes('1'));
    await put('2');
    await stream.until(() => got.includes('2'));
    leases[method] = never;
    await consumer.stop();
  });
