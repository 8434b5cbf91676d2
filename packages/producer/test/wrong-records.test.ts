import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DeliveryError, Producer } from '@millrace/producer';
import type { ProducerRecord } from '@millrace/producer';
import { TestStream } from './support.ts';

let stream: TestStream;
before(async () => void (stream = await TestStream.open(1)));
after(() => stream.stop());

test('a record of a wrong type is refused, and leaves no trace', async () => {
  const producer = new Producer({ client: stream.client, stream: 's', lingerMs: 5 });
  const wrong: unknown[] = [
    ...[undefined, null, 'text', {}, { partitionKey: 'k' }, { data: 'd' }, { partitionKey: 1, data: 'd' }],
    ...[1, new ArrayBuffer(3), [1, 2], new Uint16Array([257]), null].map((data) => ({ partitionKey: 'k', data })),
    { partitionKey: 'k', data: 'd', explicitHashKey: 5 },
  ];
  for (const record of wrong) await assert.rejects(producer.put(record as ProducerRecord), DeliveryError);
  assert.equal(producer.metrics().bufferedBytes, 0);
  await producer.ready();
  await producer.put({ partitionKey: 'k', data: 'right' });
  await producer.close();
});

test('a stream of records ends with the error of one of a wrong type', async () => {
  const producer = new Producer({ client: stream.client, stream: 's', lingerMs: 5 });
  const writable = producer.writable();
  const failed = new Promise((resolve) => writable.once('error', resolve));
  writable.write({ partitionKey: 5 });
  assert.ok((await failed) instanceof DeliveryError);
  await producer.close();
});

test('records of any size pass through a small buffer', async () => {
  const producer = new Producer({ client: stream.client, stream: 's', lingerMs: 5, maxBufferedBytes: 100_000 });
  const sizes = [90_000, 150_000, 90_000, 200_000, 10];
  const records = sizes.map((size) => ({ partitionKey: 'k', data: Buffer.alloc(size) }));
  let stored = 0;
  for await (const _ of producer.putAll(records)) stored += 1;
  assert.equal(stored, sizes.length);
  await producer.close();
});

test('a codec that answers no bytes fails its record alone', async () => {
  const wrong = [undefined, Promise.resolve(), Promise.resolve('text')];
  const encryption = {
    encode: (data: Uint8Array): Uint8Array => (wrong.length > 0 ? (wrong.shift() as unknown as Uint8Array) : data),
    decode: (data: Uint8Array): Uint8Array => data,
  };
  const producer = new Producer({ client: stream.client, stream: 's', lingerMs: 5, encryption });
  const put = (): Promise<unknown> => producer.put({ partitionKey: 'k', data: 'd' });
  for (let n = 0; n < 3; n += 1) await assert.rejects(put(), DeliveryError);
  await put();
  await producer.close();
});
