import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { BufferFullError, DeliveryError, Producer, ProducerClosedError } from '@millrace/producer';
import type { ProducerOptions, PutResult } from '@millrace/producer';
import { TestStream } from './support.ts';

let stream: TestStream;
afterEach(() => stream.stop());

const producer = (options: Partial<ProducerOptions> = {}): Producer =>
  new Producer({ client: stream.client, stream: 's', lingerMs: 5, ...options });

test('many small records travel together, each is reported once and read once, in order by key', async () => {
  stream = await TestStream.open(3, ['--limits', 'none']);
  const one = producer({ ordered: true });
  await one.put({ partitionKey: 'first', data: 'x' });
  const results: Promise<PutResult>[] = [];
  for (let n = 0; n < 20_000; n += 1) results.push(one.put({ partitionKey: `key-${n % 50}`, data: `${n}` }));
  await one.close();
  const shards = new Set((await Promise.all(results)).map(({ shardId }) => shardId));
  assert.equal(shards.size, 3);
  const read = (await stream.readAll()).slice(0);
  assert.equal(read.length, 20_001);
  const last = new Map<string, number>();
  for (const { partitionKey, text } of read) {
    if (partitionKey === 'first') continue;
    assert.ok(
      Number(text) > (last.get(partitionKey) ?? -1),
      `${partitionKey}: ${text} after ${last.get(partitionKey)}`,
    );
    last.set(partitionKey, Number(text));
  }
  const { kinesisRecordsStored, userRecordsStored, userRecordsFailed, bufferedBytes } = one.metrics();
  assert.deepEqual([userRecordsStored, userRecordsFailed, bufferedBytes], [20_001, 0, 0]);
  assert.ok(kinesisRecordsStored < 100, `${kinesisRecordsStored} Kinesis records`);
  await assert.rejects(one.put({ partitionKey: 'k', data: '' }), ProducerClosedError);
});

test('without aggregation records are put as they are, with their hash keys', async () => {
  stream = await TestStream.open(2);
  const one = producer({ aggregation: false });
  const last = String(2n ** 128n - 1n);
  const results = await Promise.all([
    one.put({ partitionKey: 'a', explicitHashKey: '0', data: 'low' }),
    one.put({ partitionKey: 'a', explicitHashKey: last, data: new Uint8Array([104, 105]) }),
  ]);
  assert.deepEqual(
    results.map(({ shardId, attempts }) => [shardId, attempts]),
    [
      ['shardId-000000000000', 1],
      ['shardId-000000000001', 1],
    ],
  );
  assert.deepEqual(
    (await stream.readAll()).map(({ text, isAggregated }) => [text, isAggregated]),
    [
      ['low', false],
      ['hi', false],
    ],
  );
  await assert.rejects(one.put({ partitionKey: 'a', explicitHashKey: 'x', data: '' }), DeliveryError);
});

test('a shard that is too slow: the rate keeps most from being refused, and what is refused is sent again alone', async () => {
  stream = await TestStream.open(1);
  const retried: string[] = [];
  const one = producer({
    aggregation: false,
    rateLimitPercent: 130,
    hooks: { retry: ({ code }) => void retried.push(code) },
  });
  const results = await Promise.all(
    Array.from({ length: 2500 }, (_, n) => one.put({ partitionKey: 'k', data: `${n}` })),
  );
  assert.equal(new Set(results.map(({ sequenceNumber }) => sequenceNumber)).size, 2500);
  assert.equal((await stream.readAll()).length, 2500);
  assert.ok(retried.length > 0 && retried.length < 2500, `${retried.length} were refused`);
  assert.deepEqual([...new Set(retried)], ['ProvisionedThroughputExceededException']);
  assert.equal(results.filter(({ attempts }) => attempts > 1).length <= retried.length, true);
});

test('splits and merges in the middle: every record is read where readers look for it', async () => {
  stream = await TestStream.open(2, ['--limits', 'none']);
  const one = producer();
  const results: Promise<PutResult>[] = [];
  const putSome = async (from: number): Promise<void> => {
    for (let n = from; n < from + 3000; n += 1) {
      results.push(one.put({ partitionKey: `key-${n}`, data: `${n}` }));
      if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const writing = (async () => {
    for (let from = 0; from < 15_000; from += 3000) await putSome(from);
  })();
  const half = String(2n ** 126n);
  await stream.client.send(
    new SplitShardCommand({ StreamName: 's', ShardToSplit: 'shardId-000000000000', NewStartingHashKey: half }),
  );
  await stream.active();
  await stream.client.send(
    new MergeShardsCommand({
      StreamName: 's',
      ShardToMerge: 'shardId-000000000003',
      AdjacentShardToMerge: 'shardId-000000000001',
    }),
  );
  await stream.active();
  await writing;
  await one.close();
  await Promise.all(results);
  const seen = new Set((await stream.readAll()).map(({ text }) => text));
  assert.equal(seen.size, 15_000);
});

test('lost answers and failed calls: nothing that was reported is missing, nothing is reported twice', async () => {
  stream = await TestStream.open(2, ['--limits', 'none']);
  const client = stream.through(async (call, nth) => {
    if (nth % 5 === 1) throw Object.assign(new Error('reset'), { name: 'ECONNRESET' });
    const answer = await call();
    if (nth % 5 === 3) throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
    return answer;
  });
  const one = producer({ client, maxRequests: 3 });
  let reported = 0;
  const puts = Array.from({ length: 30 }, async (_, round) => {
    await new Promise((resolve) => setTimeout(resolve, round * 5));
    return Promise.all(
      Array.from({ length: 100 }, async (_unused, n) => {
        const result = await one.put({ partitionKey: `k${n}`, data: `${round}-${n}` });
        reported += 1;
        return result;
      }),
    );
  });
  await Promise.all(puts);
  await one.close();
  assert.equal(reported, 3000);
  assert.equal(new Set((await stream.readAll()).map(({ text }) => text)).size, 3000);
  assert.ok(one.metrics().retries > 0);
});

test('a record that cannot be stored is given up, with what was tried', async () => {
  stream = await TestStream.open(1);
  const broken = producer({
    client: stream.through(() => Promise.reject(Object.assign(new Error('down'), { name: 'ECONNREFUSED' }))),
    recordTtlMs: 200,
  });
  const error = await broken.put({ partitionKey: 'k', data: 'x' }).then(
    () => undefined,
    (reason: unknown) => reason as DeliveryError,
  );
  assert.ok(error instanceof DeliveryError);
  assert.ok(error.attempts.length >= 2 && error.attempts.every(({ code }) => code === 'ECONNREFUSED'));
  const nowhere = producer({ stream: 'nothing' });
  await assert.rejects(nowhere.put({ partitionKey: 'k', data: 'x' }), /ResourceNotFoundException/);
  assert.equal(nowhere.metrics().userRecordsFailed, 1);
});

test('memory is bounded: ready waits, and who does not wait is refused', async () => {
  stream = await TestStream.open(1, ['--limits', 'none']);
  let letThrough = (): void => {};
  const gate = new Promise<void>((resolve) => (letThrough = resolve));
  const one = producer({ client: stream.through((call) => gate.then(call)), maxBufferedBytes: 10_000 });
  const results: Promise<PutResult>[] = [];
  let refused: unknown;
  while (refused === undefined) {
    const result = one.put({ partitionKey: 'k', data: Buffer.alloc(1000) });
    results.push(result);
    refused = await Promise.race([
      result.catch((error: unknown) => error),
      new Promise((resolve) => setImmediate(resolve)),
    ]);
  }
  assert.ok(refused instanceof BufferFullError);
  assert.ok(one.metrics().bufferedBytes <= 20_000);
  let isReady = false;
  const ready = one.ready().then(() => (isReady = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isReady, false);
  letThrough();
  await ready;
  await Promise.all(results.slice(0, -1));
});

test('ordered, without aggregation: keys do not wait for each other', async () => {
  stream = await TestStream.open(1, ['--limits', 'none']);
  const one = producer({ ordered: true, aggregation: false });
  await one.put({ partitionKey: 'first', data: '' });
  const before = one.metrics().requests;
  await Promise.all(Array.from({ length: 400 }, (_, n) => one.put({ partitionKey: `k${n % 100}`, data: `${n}` })));
  const requests = one.metrics().requests - before;
  assert.ok(requests <= 10, `${requests} requests, where 4 are enough`);
  const found = (await stream.readAll()).slice(1);
  for (let key = 0; key < 100; key += 1)
    assert.deepEqual(
      found.filter(({ partitionKey }) => partitionKey === `k${key}`).map(({ text }) => Number(text)),
      [key, key + 100, key + 200, key + 300],
    );
  await one.close();
});

test('one record that is wrong does not take the others with it', async () => {
  stream = await TestStream.open(1);
  const one = producer({ aggregation: false });
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 50 }, (_, n) => one.put({ partitionKey: `k${n}`, data: `${n}` })),
    one.put({ partitionKey: 'large', data: Buffer.alloc((1 << 20) + 1) }),
    one.put({ partitionKey: '', data: 'x' }),
    one.put({ partitionKey: 'k'.repeat(257), data: 'x' }),
  ]);
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 50);
  const reasons = outcomes
    .slice(50)
    .map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).message : ''));
  assert.match(reasons[0]!, /^InvalidArgumentException: /);
  for (const reason of reasons.slice(1)) assert.match(reason, /a key of 1 to 256 characters/);
  assert.equal((await stream.readAll()).length, 50);
});

for (const aggregation of [false, true])
  test(`in order from the first record on, and through a split${aggregation ? ', aggregated' : ''}`, async () => {
    stream = await TestStream.open(2, ['--limits', 'none']);
    const client = stream.through(async (call, nth) => {
      // Answers that fail in the middle are what puts order to the test.
      if (nth % 7 === 3) throw Object.assign(new Error('reset'), { name: 'ECONNRESET' });
      return call();
    });
    const one = producer({ client, aggregation, ordered: true, lingerMs: 2 });
    const results: Promise<PutResult>[] = [];
    const count = aggregation ? 3000 : 600;
    for (let n = 0; n < count; n += 1) {
      results.push(one.put({ partitionKey: `key-${n % 10}`, data: `${n}` }));
      if (n === count / 3) {
        const split = { StreamName: 's', ShardToSplit: 'shardId-000000000000', NewStartingHashKey: String(2n ** 126n) };
        void stream.client.send(new SplitShardCommand(split));
      }
      if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await one.close();
    await Promise.all(results);
    // Parents before their children, as shard ids rise; what was sent twice may be there twice.
    const seen = new Map<string, number[]>();
    for (const { partitionKey, text } of await stream.readAll()) {
      const ordinals = seen.get(partitionKey) ?? [];
      if (!ordinals.includes(Number(text))) ordinals.push(Number(text));
      seen.set(partitionKey, ordinals);
    }
    for (const [key, ordinals] of seen) {
      assert.equal(ordinals.length, count / 10);
      assert.deepEqual(
        ordinals,
        ordinals.toSorted((left, right) => left - right),
        key,
      );
    }
  });

test('what waits is given up in time while calls hang, and flush waits for what was put before it alone', async () => {
  stream = await TestStream.open(1);
  let letThrough = (): void => {};
  const gate = new Promise<void>((resolve) => (letThrough = resolve));
  const one = producer({
    client: stream.through((call) => gate.then(call)),
    maxRequests: 1,
    recordTtlMs: 300,
    aggregation: false,
  });
  const sent = one.put({ partitionKey: 'k', data: 'sent' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await assert.rejects(one.put({ partitionKey: 'k', data: 'waits' }), /not stored within its time to live/);
  letThrough();
  await sent;
  let isStopped = false;
  const keepPutting = (async () => {
    while (!isStopped) await one.put({ partitionKey: 'k', data: 'more' });
  })();
  await one.flush();
  isStopped = true;
  await keepPutting;
  for (const explicitHashKey of [String(2n ** 128n), '-1', '0x10', ''])
    await assert.rejects(one.put({ partitionKey: 'k', explicitHashKey, data: 'x' }), DeliveryError);
});
