/** Spark Streaming with its Kinesis receivers, which are workers of KCL 1. */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Kinesis } from '@aws-sdk/client-kinesis';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { streamActive } from '../../tools/stream-active.ts';
import { javaClassPath, spark, untilTrue } from './environments.ts';
import { trustIn } from './java-trust.ts';
import { JavaProgram, opened } from './java-program.ts';
import { keys, Load } from './load.ts';

/** What Spark's own launcher opens of Java 17. */
const packages = ['java.lang', 'java.lang.invoke', 'java.lang.reflect', 'java.io', 'java.net', 'java.nio', 'java.util'];
const morePackages = ['java.util.concurrent', 'java.util.concurrent.atomic', 'sun.nio.ch', 'sun.nio.cs'];
const lastPackages = ['sun.security.action', 'sun.util.calendar'];

const application = 'app';
const title = `Spark ${spark.version}, two receivers`;
const timeout = 300_000;

// Fetching it is no test's time.
before(() => javaClassPath(spark));

test(`${title}, plain: every record through a split and a merge`, { timeout }, () =>
  tellSparkStory({ scheme: 'http', isKilled: false }),
);
test(`${title}, TLS: every record through a split, kill -9 and a merge`, { timeout }, () =>
  tellSparkStory({ scheme: 'https', isKilled: true }),
);

/**
 * A job keeps the ordinals of each key in its state while records are put: at the end it has them all, also when it was killed and
 * began again at its checkpoint, for which it reads blocks anew by their sequence numbers. (Of an aggregated record that ends such
 * a block it takes the first part alone: its reader stops at the first record with the last number. So none are aggregated
 * there.) Leases and metrics are on the same port.
 */
async function tellSparkStory({ scheme, isKilled }: { scheme: 'http' | 'https'; isKilled: boolean }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-spark-'));
  const server = await startServer(['--data', join(folder, 'data')]);
  const settings = {
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const [client, dynamodb] = [new Kinesis(settings), new DynamoDB(settings)];
  await client.createStream({ StreamName: 'events', ShardCount: 2 });
  await streamActive(client, 'events');
  const job = await SparkJob.create(folder, server.endpoint, scheme);
  const textOf = (key: string, ordinal: number): string => `${key} ${ordinal}`;
  const load = new Load(client, { everyMs: 100, hasAggregated: !isKilled, textOf });
  const until = (condition: () => boolean | Promise<boolean>, what: string): Promise<void> =>
    untilTrue(condition, what).catch((error: unknown) =>
      assert.fail(`${String(error)}; ${load.summary()}\n${job.summary()}`),
    );
  const leased = async (): Promise<string[]> => {
    const { Items: leases } = await dynamodb.scan({ TableName: application });
    const going = leases!.filter(({ checkpoint }) => checkpoint?.S !== 'SHARD_END');
    return going.map(({ leaseKey }) => leaseKey!.S!.slice(-1)).toSorted();
  };
  try {
    job.start();
    await until(() => job.has(1), 'the first records');
    const NewStartingHashKey = String(2n ** 126n);
    await client.splitShard({ StreamName: 'events', ShardToSplit: 'shardId-000000000000', NewStartingHashKey });
    await streamActive(client, 'events');
    const splitAt = load.rounds;
    await until(() => job.has(splitAt + 1), 'records after the split');
    if (isKilled) {
      await job.kill();
      job.start();
    }
    await client.mergeShards({
      StreamName: 'events',
      ShardToMerge: 'shardId-000000000003',
      AdjacentShardToMerge: 'shardId-000000000001',
    });
    await streamActive(client, 'events');
    const mergedAt = load.rounds;
    await until(() => job.has(mergedAt + 1), 'records after the merge');
    await load.end();
    await until(() => job.has(load.rounds), 'every record');
    // Of shards that ended the lease is SHARD_END, or gone already.
    await until(async () => (await leased()).join() === '2,4', 'the ends of shards 0, 1 and 3');
    await until(async () => (await metrics(server.endpoint)).includes('RecordsProcessed'), 'metrics');
  } finally {
    await load.stop();
    await job.kill();
    client.destroy();
    dynamodb.destroy();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the receivers' workers have told CloudWatch, by the query protocol. */
async function metrics(endpoint: string): Promise<string> {
  const body = new URLSearchParams({ Action: 'ListMetrics', Version: '2010-08-01', Namespace: application });
  return (await fetch(endpoint, { method: 'POST', body })).text();
}

class SparkJob {
  /** The different records of each key. */
  readonly #counts = new Map<string, number>();
  #said = '';
  readonly #program: JavaProgram;

  private constructor(parameters: readonly string[]) {
    this.#program = new JavaProgram(parameters, (words) => {
      const [kind, key, count] = words;
      if (kind === 'COUNT') this.#counts.set(key!, Number(count));
      else this.#said = `${this.#said}${words.join(' ')}\n`.slice(-10_000);
    });
  }

  static async create(folder: string, endpoint: string, scheme: 'http' | 'https'): Promise<SparkJob> {
    const regions = join(folder, 'regions.xml');
    writeFileSync(regions, regionsOf(new URL(endpoint).host));
    const own = [
      `-Dcom.amazonaws.regions.RegionUtils.fileOverride=${regions}`,
      ...(await trustIn(folder, Number(new URL(endpoint).port))),
    ];
    const java = ['-Xmx700m', ...opened([...packages, ...morePackages, ...lastPackages]), ...own];
    const program = [
      '-cp',
      await javaClassPath(spark),
      'SparkJob',
      endpoint.replace('http', scheme),
      'events',
      application,
    ];
    return new SparkJob([...java, ...program, join(folder, 'state')]);
  }

  start(): void {
    this.#program.start();
  }

  kill(): Promise<void> {
    return this.#program.kill();
  }

  /** Whether each key has `rounds` different records, or more. */
  has(rounds: number): boolean {
    return this.#counts.size === keys && [...this.#counts.values()].every((count) => count >= rounds);
  }

  summary(): string {
    const fewest = [...this.#counts].toSorted(([, left], [, right]) => left - right).slice(0, 10);
    return `${JSON.stringify(fewest)}\n${this.#said}\n${this.#program.log}`;
  }
}

/** The receiver has an endpoint for Kinesis only: DynamoDB and CloudWatch are the region's, and by this file ours (with TLS). */
function regionsOf(host: string): string {
  const endpoints = ['dynamodb', 'monitoring'].map(
    (name) =>
      `<Endpoint><ServiceName>${name}</ServiceName><Http>true</Http><Https>true</Https><Hostname>${host}</Hostname></Endpoint>`,
  );
  const region = `<Name>us-east-1</Name><Domain>amazonaws.com</Domain>${endpoints.join('')}`;
  return `<XML><Regions><Region>${region}</Region></Regions></XML>`;
}
