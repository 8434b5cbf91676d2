/** Several streams, where an application begins, dead letters, and what is told of it all. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  DeleteStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import { consume, DynamoDBLeases, MemoryLeases, PoisonRecord } from '@millrace/consumer';
import type {
  Consumer,
  ConsumerBehaviour,
  ConsumerEvent,
  ConsumerOptions,
  Lease,
  LeaseStore,
} from '@millrace/consumer';
import { TestStream } from './support.ts';

let stream: TestStream;
const running: Consumer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
  await stream.stop();
});

/** What a consumer saw: STREAM DATA. */
function start(
  got: string[],
  options: Partial<ConsumerBehaviour> & { leases?: LeaseStore } & (
      | { stream: string }
      | Pick<Extract<ConsumerOptions, { streams: unknown }>, 'streams'>
    ),
): Consumer {
  const consumer = consume({
    client: stream.client,
    leases: new MemoryLeases(),
    processor: (records, { stream: name }) => {
      for (const { data } of records) got.push(`${name} ${Buffer.from(data).toString()}`);
    },
    failoverMs: 1000,
    shardSyncMs: 200,
    idleMs: 30,
    ...options,
  });
  running.push(consumer);
  return consumer;
}

async function put(StreamName: string, text: string): Promise<string> {
  const command = new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from(text) });
  return (await stream.client.send(command)).SequenceNumber!;
}

test('streams come and go while their application reads, by leases of KCL’s multi-stream kind', async () => {
  stream = await TestStream.open(1);
  await stream.create('t');
  await put('s', '1');
  await put('t', '1');
  const wanted = ['s'];
  const got: string[] = [];
  const leases = new DynamoDBLeases(stream.dynamodb, 'application');
  const consumer = start(got, { leases, streams: () => Promise.resolve([...wanted]) });
  await stream.until(() => got.length === 1);
  wanted.push('t');
  await stream.until(() => got.length === 2);
  assert.deepEqual(got, ['s 1', 't 1']);
  const all = await leases.list();
  assert.match(all[0]!.leaseKey, /^000000000000:[st]:\d{10}:shardId-000000000000$/);
  assert.deepEqual(new Set(all.map(({ shardId }) => shardId)), new Set(['shardId-000000000000']));
  assert.ok(all.every(({ leaseKey, stream: identifier, shardId }) => leaseKey === `${identifier}:${shardId}`));
  wanted.shift();
  await stream.until(() => consumer.metrics().shards.length === 1);
  assert.equal(consumer.metrics().shards[0]!.stream, 't');
  await put('s', '2');
  await put('t', '2');
  await stream.until(() => got.length === 3);
  // Its lease waits for the stream to come back.
  wanted.push('s');
  await stream.until(() => got.length === 4);
  assert.deepEqual(got.slice(2), ['t 2', 's 2']);
});

test('a stream that is gone holds up no other, and is another one when it comes again', async () => {
  stream = await TestStream.open(1);
  await stream.create('t');
  const got: string[] = [];
  start(got, { streams: ['s', 't', 'nowhere'] });
  await put('s', '1');
  await put('t', '1');
  await stream.until(() => got.length === 2);
  await stream.client.send(new DeleteStreamCommand({ StreamName: 't' }));
  await put('s', '2');
  await stream.until(() => got.length === 3);
  // The identifier has the second of its creation.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await stream.create('t');
  await put('t', '2');
  await stream.until(() => got.includes('t 2'));
});

test('an application that begins at a time has what came since then, in shards of any age', async () => {
  stream = await TestStream.open(1);
  await put('s', 'before');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const since = new Date();
  await put('s', 'after');
  const got: string[] = [];
  start(got, { stream: 's', initialPosition: since });
  await put('s', 'later');
  await stream.until(() => got.length === 2);
  assert.deepEqual(got, ['s after', 's later']);
});

for (const [sentinel, expected] of [
  ['TRIM_HORIZON', ['s before', 's after']],
  ['AT_TIMESTAMP', ['s after']],
  ['SHARD_END', []],
] as const)
  test(`KCL’s sentinel ${sentinel} is understood in a lease that it made`, async () => {
    stream = await TestStream.open(1);
    await put('s', 'before');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const since = new Date();
    await put('s', 'after');
    const leases = new MemoryLeases();
    await leases.create(leaseAt(sentinel));
    const got: string[] = [];
    // Listed once: an open shard whose lease is finished is taken for one that was made again the second time.
    const consumer = start(got, { stream: 's', leases, initialPosition: since, shardSyncMs: 60_000 });
    if (expected.length > 0) await stream.until(() => got.length === expected.length);
    else await new Promise((resolve) => setTimeout(resolve, 600));
    assert.deepEqual(got, expected);
    assert.equal(consumer.metrics().shards.length, expected.length > 0 ? 1 : 0);
  });

test('a worker without the time misses nothing of a lease at AT_TIMESTAMP', async () => {
  stream = await TestStream.open(1);
  await put('s', 'before');
  const leases = new MemoryLeases();
  await leases.create(leaseAt('AT_TIMESTAMP'));
  const got: string[] = [];
  start(got, { stream: 's', leases });
  await stream.until(() => got.length === 1);
});

function leaseAt(sequenceNumber: string): Lease {
  const shardId = 'shardId-000000000000';
  return {
    ...{ leaseKey: shardId, shardId, stream: undefined, owner: undefined, checkpointOwner: undefined, counter: 7 },
    ...{ checkpoint: { sequenceNumber, subSequenceNumber: 0 }, tip: undefined, throughputKBps: undefined },
    ...{ parentShardIds: [], hashKeyRange: undefined },
  };
}

for (const [mode, options] of [
  ['polling', {}],
  ['enhanced fan-out', { fanOut: { consumerName: 'c' } }],
] as const)
  test(`${mode}: what comes between two workers at LATEST is not passed over`, async () => {
    stream = await TestStream.open(1);
    await put('s', 'before');
    const leases = new MemoryLeases();
    const got: string[] = [];
    const one = start(got, { stream: 's', leases, initialPosition: 'LATEST', ...options });
    const isBegun = async (): Promise<boolean> => {
      const [lease] = await leases.list();
      return lease !== undefined && (lease.tip !== undefined || lease.checkpoint.sequenceNumber !== 'LATEST');
    };
    while (!(await isBegun())) await new Promise((resolve) => setTimeout(resolve, 10));
    await one.stop();
    for (const text of ['1', '2']) await put('s', text);
    start(got, { stream: 's', leases, initialPosition: 'LATEST', ...options });
    await stream.until(() => got.length === 2);
    // The other way of reading goes on there too.
    await put('s', '3');
    await stream.until(() => got.length === 3);
    assert.deepEqual(got, ['s 1', 's 2', 's 3']);
  });

test('a shard that was begun by fan-out at LATEST is gone on with by polling', async () => {
  stream = await TestStream.open(1);
  await put('s', 'before');
  const leases = new MemoryLeases();
  const got: string[] = [];
  const one = start(got, { stream: 's', leases, initialPosition: 'LATEST', fanOut: { consumerName: 'c' } });
  while ((await leases.list())[0]?.checkpoint.sequenceNumber.length !== 56)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await one.stop();
  await put('s', '1');
  start(got, { stream: 's', leases });
  await stream.until(() => got.length === 1);
  assert.deepEqual(got, ['s 1']);
});

test('one record of a page is named as poison: it goes to the dead-letter stream, what is around it is processed once', async () => {
  stream = await TestStream.open(1);
  await stream.create('dead');
  for (const text of ['1', '2', 'poison', '3', 'skip', '4']) await put('s', text);
  const got: string[] = [];
  const attempts: [string, number][] = [];
  const events: ConsumerEvent[] = [];
  const consumer = start(got, {
    stream: 's',
    deadLetterStream: 'dead',
    onEvent: (event) => void events.push(event),
    processor: (records) => {
      for (const record of records) {
        const text = Buffer.from(record.data).toString();
        if (text === 'poison' || text === 'skip') throw new PoisonRecord(record, new Error('no'));
        got.push(text);
      }
    },
    onError: (_error, [record], { attempt }) => {
      const text = Buffer.from(record!.data).toString();
      attempts.push([text, attempt]);
      return attempt === 0 ? 'retry' : text === 'skip' ? 'skip' : 'dead-letter';
    },
  });
  await stream.until(() => got.length === 4);
  await stream.until(() => consumer.metrics().checkpoints >= 5);
  assert.deepEqual(got, ['1', '2', '3', '4']);
  assert.deepEqual(attempts, [
    ['poison', 0],
    ['poison', 1],
    ['skip', 0],
    ['skip', 1],
  ]);
  const place = { StreamName: 'dead', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' } as const;
  const { ShardIterator } = await stream.client.send(new GetShardIteratorCommand(place));
  const { Records } = await stream.client.send(new GetRecordsCommand({ ShardIterator }));
  assert.deepEqual(
    Records!.map(({ PartitionKey, Data }) => [PartitionKey, Buffer.from(Data!).toString()]),
    [['k', 'poison']],
  );
  const { shards, ...counted } = consumer.metrics();
  assert.equal(shards.length, 1);
  assert.deepEqual(
    [counted.records, counted.bytes, counted.skipped, counted.deadLettered, counted.errors, counted.taken],
    [4, 4, 1, 1, 4, 1],
  );
  assert.deepEqual(
    events.filter(({ type }) => type === 'skipped' || type === 'dead-lettered').map(({ type }) => type),
    ['dead-lettered', 'skipped'],
  );
});

test('what is decoded may be named as poison, and is a dead letter as it was read', async () => {
  stream = await TestStream.open(1);
  await stream.create('dead');
  for (const text of ['1', 'poison', '2']) await put('s', text);
  const got: string[] = [];
  const failed: string[] = [];
  start([], {
    stream: 's',
    deadLetterStream: 'dead',
    decode: (data) => Buffer.from(`decoded ${Buffer.from(data).toString()}`),
    processor: (records) => {
      for (const record of records) {
        const text = Buffer.from(record.data).toString();
        if (text === 'decoded poison') throw new PoisonRecord(record, new Error('no'));
        got.push(text);
      }
    },
    onError: (_error, records) => {
      failed.push(...records.map(({ data }) => Buffer.from(data).toString()));
      return 'dead-letter';
    },
  });
  await stream.until(() => got.length === 2);
  assert.deepEqual([got, failed], [['decoded 1', 'decoded 2'], ['poison']]);
  const dead: string[] = [];
  start(dead, { stream: 'dead' });
  await stream.until(() => dead.length === 1);
  assert.deepEqual(dead, ['dead poison']);
});

test('a dead-letter stream that is not there holds the shard up, and nothing is passed over', async () => {
  stream = await TestStream.open(1);
  for (const text of ['poison', '1']) await put('s', text);
  const got: string[] = [];
  const events: ConsumerEvent[] = [];
  start(got, {
    stream: 's',
    deadLetterStream: 'dead',
    maxRecords: 1,
    onEvent: (event) => void events.push(event),
    processor: ([record]) => {
      const text = Buffer.from(record!.data).toString();
      if (text === 'poison') throw new Error('no');
      got.push(text);
    },
    onError: () => 'dead-letter',
  });
  const refusals = (): number =>
    events.filter((event) => event.type === 'error' && event.during.startsWith('settling a failure')).length;
  await stream.until(() => refusals() >= 2);
  assert.deepEqual(got, []);
  await stream.create('dead');
  await stream.until(() => got.length === 1);
});

test('metrics and events tell of a shard how far behind it is, what was read and processed', async () => {
  stream = await TestStream.open(1);
  for (let n = 0; n < 20; n += 1) await put('s', 'x'.repeat(100));
  const events: ConsumerEvent[] = [];
  let isSlow = true;
  const consumer = start([], {
    stream: 's',
    maxRecords: 5,
    onEvent: (event) => void events.push(event),
    processor: async () => {
      while (isSlow) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  });
  await stream.until(() => consumer.metrics().millisBehindLatest > 0);
  const [behind] = consumer.metrics().shards;
  assert.deepEqual([behind!.stream, behind!.shardId, behind!.records], ['s', 'shardId-000000000000', 0]);
  isSlow = false;
  await stream.until(() => consumer.metrics().records === 20 && consumer.metrics().millisBehindLatest === 0);
  await stream.until(() => consumer.metrics().checkpoints >= 4);
  const { bytes, processingMs, shards } = consumer.metrics();
  assert.equal(bytes, 2000);
  assert.ok(processingMs > 0);
  assert.match(shards[0]!.checkpoint, /^\d{56}$/);
  await stream.until(() => consumer.metrics().shards[0]!.throughputKBps > 0);
  const processed = events.flatMap((event) => (event.type === 'processed' ? event : []));
  assert.deepEqual(
    processed.map(({ records }) => records).reduce((sum, one) => sum + one),
    20,
  );
  assert.deepEqual(new Set(processed.map(({ bytes: size, records }) => size / records)), new Set([100]));
});

test('options that can never work are refused at once', async () => {
  stream = await TestStream.open(1);
  const processor = (): void => undefined;
  const leases = new MemoryLeases();
  const refused: object[] = [
    { processor, leases },
    { processor, leases, stream: 's', streams: ['t'] },
    { processor, stream: 's' },
    { processor, leases, stream: 's', initialPosition: new Date('never') },
    { processor, leases, stream: 's', failoverMs: 0 },
    { processor, leases, stream: 's', idleMs: Number.NaN },
    { processor: undefined, leases, stream: 's' },
  ];
  for (const options of refused) assert.throws(() => consume(options as ConsumerOptions), TypeError);
});
