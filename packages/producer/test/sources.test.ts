import assert from 'node:assert/strict';
import { pipeline } from 'node:stream/promises';
import { afterEach, test } from 'node:test';
import { Producer } from '@millrace/producer';
import type { ProducerOptions, PutResult } from '@millrace/producer';
import { TestStream } from './support.ts';

let stream: TestStream;
afterEach(() => stream.stop());

const producer = (options: Partial<ProducerOptions> = {}): Producer =>
  new Producer({ client: stream.client, stream: 's', lingerMs: 5, ...options });

test('as a stream, and from an iterable', async () => {
  stream = await TestStream.open(1, ['--limits', 'none']);
  const one = producer();
  function* records(from: number): Generator<{ partitionKey: string; data: string }> {
    for (let n = from; n < from + 500; n += 1) yield { partitionKey: 'k', data: `${n}` };
  }
  await pipeline(records(0), one.writable());
  let count = 0;
  for await (const { shardId } of one.putAll(records(500))) {
    assert.equal(shardId, 'shardId-000000000000');
    count += 1;
  }
  assert.equal(count, 500);
  assert.deepEqual(
    (await stream.readAll()).map(({ text }) => Number(text)),
    Array.from({ length: 1000 }, (_, n) => n),
  );
});

test('from a source that pauses: results come as they are there, in order; who leaves ends the source', async () => {
  stream = await TestStream.open(2, ['--limits', 'none']);
  const one = producer();
  let isOver = false;
  let wanted = Promise.withResolvers<void>();
  async function* records(): AsyncGenerator<{ partitionKey: string; data: string }> {
    try {
      for (let n = 0; ; n += 1) {
        // The next record only exists when the result of the last has been seen.
        if (n % 10 === 0 && n > 0) await wanted.promise;
        yield { partitionKey: `k${n}`, data: `${n}` };
      }
    } finally {
      isOver = true;
    }
  }
  let count = 0;
  for await (const { sequenceNumber } of one.putAll(records())) {
    assert.match(sequenceNumber, /^\d+$/);
    count += 1;
    if (count === 40) break;
    if (count % 10 !== 0) continue;
    wanted.resolve();
    wanted = Promise.withResolvers();
  }
  wanted.resolve();
  await one.close();
  while (!isOver) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(one.metrics().userRecordsStored >= 40);
  const other = producer();
  const refused = Array.from({ length: 3 }, (_, n) => ({ partitionKey: n === 1 ? '' : 'k', data: `${n}` }));
  let seen = 0;
  const takeAll = async (): Promise<void> => {
    for await (const { attempts } of other.putAll(refused)) seen += attempts;
  };
  await assert.rejects(takeAll(), /a key of 1 to 256 characters/);
  assert.equal(seen, 1);
  await assert.rejects(pipeline(refused, other.writable()), /a key of 1 to 256 characters/);
  const broken = async function* (): AsyncGenerator<{ partitionKey: string; data: string }> {
    yield { partitionKey: 'k', data: 'before' };
    throw new Error('the source is broken');
  };
  const results: PutResult[] = [];
  const takeBroken = async (): Promise<void> => {
    for await (const result of other.putAll(broken())) results.push(result);
  };
  await assert.rejects(takeBroken(), /the source is broken/);
  assert.equal(results.length, 1);
  await other.close();
});

test('many callers that wait for room get it one after the other', async () => {
  stream = await TestStream.open(1, ['--limits', 'none']);
  const one = producer({ maxBufferedBytes: 10_000 });
  const put = (n: number): Promise<PutResult> => one.put({ partitionKey: `k${n}`, data: Buffer.alloc(1000) });
  const filling = Array.from({ length: 7 }, (_, n) => put(n));
  const waiting = Array.from({ length: 300 }, async (_, n) => {
    await one.ready();
    return put(n);
  });
  await Promise.all([...filling, ...waiting]);
  await one.close();
  assert.deepEqual([one.metrics().userRecordsStored, one.metrics().userRecordsFailed], [307, 0]);
});
