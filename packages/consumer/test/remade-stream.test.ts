/** A stream that is deleted, and made again under the same name, while an application reads it by its name alone. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  MergeShardsCommand,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import { aggregate } from '@millrace/aggregation';
import { consume, MemoryLeases } from '@millrace/consumer';
import type { Consumer, ConsumerBehaviour, LeaseStore } from '@millrace/consumer';
import { TestStream } from './support.ts';

let stream: TestStream;
let consumer: Consumer;
const got: string[] = [];
beforeEach(() => void (got.length = 0));
afterEach(async () => {
  await consumer.stop();
  await stream.stop();
});

function start(leases: LeaseStore, options: Partial<ConsumerBehaviour> = {}): void {
  consumer = consume({
    client: stream.client,
    stream: 's',
    leases,
    processor: (records) => void got.push(...records.map(({ data }) => Buffer.from(data).toString())),
    ...{ failoverMs: 1000, shardSyncMs: 200, idleMs: 30 },
    ...options,
  });
}

/** Two of one text, at either end of the hash keys, in one Kinesis record. */
async function put(text: string): Promise<void> {
  const [low, high] = ['0', String(2n ** 128n - 1n)];
  const users = [low, high].map((explicitHashKey) => ({
    partitionKey: 'k',
    explicitHashKey,
    data: Buffer.from(`${text} ${explicitHashKey === low ? 'low' : 'high'}`),
  }));
  for (const { data } of aggregate(users))
    await stream.client.send(
      new PutRecordCommand({ StreamName: 's', PartitionKey: 'k', ExplicitHashKey: low, Data: data }),
    );
}

async function remake(shards: number): Promise<void> {
  const { client } = stream;
  const describe = new DescribeStreamSummaryCommand({ StreamName: 's' });
  const { StreamDescriptionSummary: former } = await client.send(describe);
  await client.send(new DeleteStreamCommand({ StreamName: 's', EnforceConsumerDeletion: true }));
  await stream.until(() => Date.now() > former!.StreamCreationTimestamp!.getTime() + 2000);
  await stream.create('s', shards);
}

for (const initialPosition of ['TRIM_HORIZON', 'LATEST'] as const)
  for (const fanOut of [undefined, { consumerName: 'workers' }])
    test(`${initialPosition}${fanOut ? ', fan-out' : ''}: with other ranges, before and after anything was read of it`, async () => {
      stream = await TestStream.open(2);
      start(new MemoryLeases(), { initialPosition, ...(fanOut && { fanOut }) });
      await stream.until(() => consumer.metrics().shards.length === 2);
      await remake(1);
      await put('one');
      await stream.until(() => got.length >= 2);
      await remake(1);
      await put('two');
      await stream.until(() => got.includes('two high'));
      assert.deepEqual([...new Set(got)], ['one low', 'one high', 'two low', 'two high']);
    });

test('whose first shards had been read to their ends', async () => {
  stream = await TestStream.open(2);
  start(new MemoryLeases());
  await stream.client.send(
    new MergeShardsCommand({
      StreamName: 's',
      ShardToMerge: 'shardId-000000000000',
      AdjacentShardToMerge: 'shardId-000000000001',
    }),
  );
  await stream.active();
  await stream.until(() => consumer.metrics().ended === 2);
  await remake(2);
  await stream.client.send(
    new PutRecordCommand({ StreamName: 's', PartitionKey: 'k', ExplicitHashKey: '0', Data: Buffer.from('again') }),
  );
  await stream.until(() => got.length > 0);
  assert.deepEqual(got, ['again']);
});

test('a registered consumer that was deregistered is registered again', async () => {
  stream = await TestStream.open(1);
  start(new MemoryLeases(), { fanOut: { consumerName: 'workers' } });
  await put('one');
  await stream.until(() => got.length === 2);
  const { StreamDescriptionSummary: summary } = await stream.client.send(
    new DescribeStreamSummaryCommand({ StreamName: 's' }),
  );
  await stream.client.send(
    new DeregisterStreamConsumerCommand({ StreamARN: summary!.StreamARN, ConsumerName: 'workers' }),
  );
  await put('two');
  await stream.until(() => got.length === 4);
});
