/**
 * The producer beside a loop of SDK PutRecords calls, against one Millrace: as many calls under way and as many connections, the
 * same records, rounds by turns. Prints records/s, and the microseconds of CPU that a record costs its client and the server.
 * usage: node --conditions=source benchmarks/producer.ts [SECONDS] [ROUNDS] [BYTES…]
 */
import { CreateStreamCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { Producer } from '@millrace/producer';
import { startMillrace } from './candidates.ts';
import { processUsage } from './process-usage.ts';
import { streamActive } from '../tools/stream-active.ts';

/** What one way of putting did in a round. */
interface Round {
  readonly recordsPerSecond: number;
  readonly clientMicros: number;
  readonly serverMicros: number;
}

const [seconds = 3, rounds = 3, ...sizes] = process.argv.slice(2).map(Number);
const underWay = 8;
const server = await startMillrace();
const client = new KinesisClient({
  endpoint: `http://${server.host}:${server.port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
});
try {
  await client.send(new CreateStreamCommand({ StreamName: 'bench', ShardCount: 8 }));
  await streamActive(client, 'bench');
  for (const size of sizes.length === 0 ? [100, 1024] : sizes) {
    const data = Buffer.alloc(size, 'x');
    const loops: Round[] = [];
    const produced: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      loops.push(await measure((until) => sdkLoop(data, until)));
      produced.push(await measure((until) => producer(data, until)));
    }
    const [loop, best] = [median(loops), median(produced)];
    console.log(`records of ${size} B\n  SDK loop ${told(loop)}\n  producer ${told(best)}`);
    console.log(`  ${(best.recordsPerSecond / loop.recordsPerSecond).toFixed(1)} ×`);
  }
} finally {
  client.destroy();
  await server.stop();
}

function told({ recordsPerSecond, clientMicros, serverMicros }: Round): string {
  return `${recordsPerSecond.toFixed(0)} records/s, ${clientMicros.toFixed(1)} µs of the client's CPU a record, ${serverMicros.toFixed(1)} µs of the server's`;
}

function median(all: readonly Round[]): Round {
  return all.toSorted((one, other) => one.recordsPerSecond - other.recordsPerSecond)[all.length >> 1]!;
}

async function measure(run: (until: number) => Promise<number>): Promise<Round> {
  await run(performance.now() + 1000);
  const began = performance.now();
  const [client, served] = [process.cpuUsage(), processUsage(server.pid).cpuSeconds];
  const records = await run(began + seconds * 1000);
  const passed = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(client);
  return {
    recordsPerSecond: records / passed,
    clientMicros: (user + system) / records,
    serverMicros: ((processUsage(server.pid).cpuSeconds - served) * 1e6) / records,
  };
}

async function sdkLoop(data: Uint8Array, until: number): Promise<number> {
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

async function producer(data: Uint8Array, until: number): Promise<number> {
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
