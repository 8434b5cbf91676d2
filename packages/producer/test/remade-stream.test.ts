import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateStreamCommand, DeleteStreamCommand, DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { Producer } from '@millrace/producer';
import { TestStream } from './support.ts';

let stream: TestStream;
let createdMs = 0;
before(async () => {
  stream = await TestStream.open(1);
  createdMs = Date.now();
});
after(() => stream.stop());

test('a stream that is deleted and made again with other ranges: all that is reported is read', async () => {
  const producer = new Producer({ client: stream.client, stream: 's', lingerMs: 5 });
  await producer.put({ partitionKey: 'before', data: 'x' });
  await stream.client.send(new DeleteStreamCommand({ StreamName: 's' }));
  for (;;) {
    try {
      await stream.client.send(new DescribeStreamSummaryCommand({ StreamName: 's' }));
    } catch {
      break;
    }
  }
  // Sequence numbers tell the second of the shard's creation.
  while (Date.now() < createdMs + 2000) await new Promise((resolve) => setTimeout(resolve, 10));
  await stream.client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 4 }));
  await stream.active();
  const keys = Array.from({ length: 4 }, (_, n) => `key-${n}`);
  const put = (partitionKey: string, n: number): Promise<unknown> =>
    producer.put({ partitionKey, explicitHashKey: String(BigInt(n) << 126n), data: 'again' });
  await Promise.all(keys.map(put));
  await producer.close();
  const read = new Set((await stream.readAll()).map(({ partitionKey }) => partitionKey));
  assert.deepEqual(
    keys.filter((key) => !read.has(key)),
    [],
  );
});
