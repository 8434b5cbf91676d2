/**
 * The producer beside a loop of SDK PutRecords calls with as many calls under way, against one Millrace. Prints records/s of each and
 * the ratio. usage: node --conditions=source benchmarks/producer.ts [SECONDS]
 */
import { CreateStreamCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { Producer } from '@millrace/producer';
import { startMillrace } from './candidates.ts';
import { streamActive } from '../tools/stream-active.ts';

const seconds = Number(process.argv[2] ?? 3);
const underWay = 8;
const data = Buffer.alloc(100, 'x');
const server = await startMillrace();
const client = new KinesisClient({
  endpoint: `http://${server.host}:${server.port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
});
try {
  await client.send(new CreateStreamCommand({ StreamName: 'bench', ShardCount: 8 }));
  await streamActive(client, 'bench');
  const loop = await measure(sdkLoop);
  const produced = await measure(producer);
  console.log(
    `SDK loop ${loop.toFixed(0)} records/s, producer ${produced.toFixed(0)} records/s: ${(produced / loop).toFixed(1)} ×`,
  );
} finally {
  client.destroy();
  await server.stop();
}

async function measure(run: (until: number) => Promise<number>): Promise<number> {
  await run(performance.now() + 1000);
  const began = performance.now();
  const records = await run(began + seconds * 1000);
  return records / ((performance.now() - began) / 1000);
}

async function sdkLoop(until: number): Promise<number> {
  let sent = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      const Records = Array.from({ length: 500 }, () => ({ PartitionKey: `key-${sent++}`, Data: data }));
      const answer = await client.send(new PutRecordsCommand({ StreamName: 'bench', Records }));
      if (answer.FailedRecordCount !== 0) throw new Error('records failed');
    }
  };
  await Promise.all(Array.from({ length: underWay }, one));
  return sent;
}

async function producer(until: number): Promise<number> {
  const one = new Producer({
    client,
    stream: 'bench',
    maxRequests: underWay,
    rateLimitPercent: 1e6,
    maxBufferedBytes: 8 << 20,
  });
  let sent = 0;
  let stored = 0;
  while (performance.now() < until) {
    await one.ready();
    for (let n = 0; n < 1000; n += 1) void one.put({ partitionKey: `key-${sent++}`, data }).then(() => (stored += 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await one.close();
  if (stored !== sent) throw new Error(`${stored} of ${sent} were stored`);
  return stored;
}
