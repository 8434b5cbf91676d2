/**
 * The producer beside a loop of SDK PutRecords calls of 500 records, against one Millrace: the same client, as many connections,
 * the same records, rounds by turns. First as fast as the machine goes, then at AWS's limits, where a shard takes 1,000 records and
 * 1 MiB a second. Prints records/s, and the microseconds of CPU that a record costs the client and the server.
 * usage: node --conditions=source benchmarks/producer.ts [SECONDS] [ROUNDS]
 */
import { CreateStreamCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Agent } from 'node:http';
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

/** How records are put. */
interface Way {
  readonly client: KinesisClient;
  readonly connections: number;
  readonly data: Uint8Array;
  /** See the producer's rateLimitPercent. */
  readonly percent: number;
}

type Put = (until: number) => Promise<number>;

/** By limits: bytes of a record, and connections. */
const cases: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  none: [
    [100, 1],
    [100, 8],
    [1024, 8],
  ],
  aws: [[100, 8]],
};

const [seconds = 3, rounds = 5] = process.argv.slice(2).map(Number);
const shards = 8;

for (const [limits, measured] of Object.entries(cases)) {
  const server = await startMillrace({ args: ['--limits', limits] });
  const clientOf = (maxSockets: number): KinesisClient =>
    new KinesisClient({
      endpoint: `http://${server.host}:${server.port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
      // The SDK's own HTTP/2 transport opens a connection for each call; this one keeps its connections, which is faster for both.
      requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets }) }),
    });
  const first = clientOf(1);
  try {
    await first.send(new CreateStreamCommand({ StreamName: 'bench', ShardCount: shards }));
    await streamActive(first, 'bench');
    for (const [size, connections] of measured) {
      const client = clientOf(connections);
      const way = { client, connections, data: Buffer.alloc(size, 'x'), percent: limits === 'none' ? 1e6 : 100 };
      console.log(`limits ${limits}, records of ${size} B, connections: ${connections}`);
      await compare(
        (until) => sdkLoop(way, until),
        (until) => producer(way, until),
        server.pid,
      );
      client.destroy();
    }
  } finally {
    first.destroy();
    await server.stop();
  }
}

async function compare(loop: Put, own: Put, serverPid: number): Promise<void> {
  const [looped, produced]: [Round[], Round[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    looped.push(await measure(loop, serverPid));
    produced.push(await measure(own, serverPid));
  }
  const [before, after] = [median(looped), median(produced)];
  console.log(`  SDK loop ${told(before)}\n  producer ${told(after)}`);
  const cpu = (before.clientMicros + before.serverMicros) / (after.clientMicros + after.serverMicros);
  const ratio = after.recordsPerSecond / before.recordsPerSecond;
  console.log(`  ${ratio.toFixed(1)} × the records/s, ${cpu.toFixed(1)} × the records for the same CPU`);
}

function told({ recordsPerSecond, clientMicros, serverMicros }: Round): string {
  return `${recordsPerSecond.toFixed(0)} records/s, ${clientMicros.toFixed(1)} µs of the client's CPU a record, ${serverMicros.toFixed(1)} µs of the server's`;
}

function median(all: readonly Round[]): Round {
  return all.toSorted((one, other) => one.recordsPerSecond - other.recordsPerSecond)[all.length >> 1]!;
}

async function measure(put: Put, serverPid: number): Promise<Round> {
  await put(performance.now() + 1000);
  const began = performance.now();
  const [client, served] = [process.cpuUsage(), processUsage(serverPid).cpuSeconds];
  const records = await put(began + seconds * 1000);
  const passed = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(client);
  return {
    recordsPerSecond: records / passed,
    clientMicros: (user + system) / records,
    serverMicros: ((processUsage(serverPid).cpuSeconds - served) * 1e6) / records,
  };
}

/** As many calls under way as connections; what is refused goes again with the next call. */
async function sdkLoop({ client, connections, data }: Way, until: number): Promise<number> {
  let made = 0;
  let stored = 0;
  const one = async (): Promise<void> => {
    let again: PutRecordsRequestEntry[] = [];
    while (performance.now() < until) {
      const Records = again;
      while (Records.length < 500) Records.push({ PartitionKey: `key-${made++}`, Data: data });
      const answer = await client.send(new PutRecordsCommand({ StreamName: 'bench', Records }));
      again =
        answer.FailedRecordCount === 0 ? [] : Records.filter((_, at) => answer.Records![at]!.ErrorCode !== undefined);
      stored += Records.length - again.length;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return stored;
}

async function producer({ client, connections, data, percent }: Way, until: number): Promise<number> {
  const one = new Producer({
    client,
    stream: 'bench',
    maxRequests: connections,
    rateLimitPercent: percent,
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
