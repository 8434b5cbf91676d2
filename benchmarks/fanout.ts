/**
 * Put-to-receive latency: a fixed rate of PutRecord calls, each record carrying when it was due. Open loop: a late put counts
 * from when it should have been sent. Read by SubscribeToShard, by so many consumers, or with CONSUMERS 0 by GetRecords, five
 * times a second and shard, as AWS allows. usage: fanout.ts ENDPOINT STREAM SECONDS RATE [CONSUMERS]
 */
import { Kinesis } from '@aws-sdk/client-kinesis';
import { buildRequest, openConnection } from './raw-client.ts';

const [endpoint, stream, seconds, rate, consumerCount = '1'] = process.argv.slice(2);
const url = new URL(endpoint!);
const client = new Kinesis({
  endpoint: endpoint!,
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
});
const total = Number(seconds) * Number(rate);
const isPolled = Number(consumerCount) === 0;
const wanted = total * (isPolled ? 1 : Number(consumerCount));
const latencies: number[] = [];

const { StreamDescriptionSummary: summary } = await client.describeStreamSummary({ StreamName: stream! });
const { Shards: shards } = await client.listShards({ StreamName: stream! });
const stop = new AbortController();

/** Registers a consumer, waits until it may subscribe, and reads all shards from now on. */
async function consume(ConsumerName: string): Promise<Promise<void>[]> {
  const { Consumer: consumer } = await client.registerStreamConsumer({ StreamARN: summary!.StreamARN!, ConsumerName });
  const ConsumerARN = consumer!.ConsumerARN!;
  for (;;) {
    const { ConsumerDescription: found } = await client.describeStreamConsumer({ ConsumerARN });
    if (found?.ConsumerStatus === 'ACTIVE') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return shards!.map(async ({ ShardId: shardId }) => {
    const { EventStream: events } = await client.subscribeToShard(
      { ConsumerARN, ShardId: shardId!, StartingPosition: { Type: 'LATEST' } },
      { abortSignal: stop.signal },
    );
    for await (const { SubscribeToShardEvent: event } of events!) {
      for (const record of event!.Records!) see(record.Data!);
    }
  });
}

function see(data: Uint8Array): void {
  latencies.push(performance.now() - Number(Buffer.from(data).toString()));
  if (latencies.length >= wanted) stop.abort();
}

/** GetRecords of a shard, five times a second. */
async function poll(ShardId: string): Promise<void> {
  const place = { StreamName: stream!, ShardId, ShardIteratorType: 'LATEST' as const };
  let { ShardIterator: iterator } = await client.getShardIterator(place);
  while (!stop.signal.aborted && iterator !== undefined) {
    const asked = performance.now();
    const page = await client.getRecords({ ShardIterator: iterator });
    for (const { Data: data } of page.Records!) see(data!);
    iterator = page.NextShardIterator;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 200 - (performance.now() - asked))));
  }
}

const readers: Promise<void>[] = isPolled ? shards!.map(({ ShardId: shardId }) => poll(shardId!)) : [];
for (let n = 0; n < Number(consumerCount); n += 1) readers.push(...(await consume(`bench-${n}`)));
await new Promise((resolve) => setTimeout(resolve, 300));
const pool = await Promise.all(Array.from({ length: 16 }, () => openConnection(url.hostname, Number(url.port))));
const began = performance.now();
let next = 0;
await Promise.all(
  pool.map(async (connection) => {
    while (next < total) {
      const index = next++;
      const dueMs = began + (index / Number(rate)) * 1000;
      while (performance.now() < dueMs)
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      const data = Buffer.from(String(dueMs)).toString('base64');
      await connection.send(
        buildRequest(
          url.host,
          'PutRecord',
          Buffer.from(JSON.stringify({ StreamName: stream, PartitionKey: `key-${index % 997}`, Data: data })),
          {},
        ),
      );
    }
  }),
);
const giveUp = setTimeout(() => stop.abort(), 5000);
await Promise.allSettled(readers);
clearTimeout(giveUp);
latencies.sort((a, b) => a - b);
const at = (p: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(p * latencies.length))] ?? Number.NaN;
console.log(
  JSON.stringify({ received: latencies.length, sent: wanted, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) }),
);
process.exit(latencies.length >= wanted ? 0 : 1);
