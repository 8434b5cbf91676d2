import { Kinesis } from '@aws-sdk/client-kinesis';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { streamActive } from '../../tools/stream-active.ts';
import { flink, javaClassPath, untilTrue } from './environments.ts';
import { trustIn } from './java-trust.ts';
import { FlinkJob } from './flink-job.ts';
import { keys, Load } from './load.ts';

export interface FlinkStory {
  /**
   * FlinkKinesisConsumer polling or with enhanced fan-out, or KinesisStreamsSource. That one, as it is in 4.3.0, gives up at the
   * end of a shard whose last page has records ("Have records for a split that was not registered", mended in 5.0): no resharding.
   */
  readonly mode: 'polling' | 'fanout' | 'source';
  readonly scheme: 'http' | 'https';
  /** How long a subscription of enhanced fan-out lasts. */
  readonly subscriptionMs?: number;
  /** Whether some records travel as the KPL sends them: KinesisStreamsSource does not take them apart. */
  readonly hasAggregated?: boolean;
  /** Whether KinesisStreamsSink puts what was read into a second stream. */
  readonly hasSink?: boolean;
}

/**
 * A job counts a stream's records by key while they are put, through a failure within it, a split, a kill -9 and a merge: at the
 * end its state has every record once, each shard's in order, and the job was restored twice, not once more.
 */
export async function tellFlinkStory(story: FlinkStory): Promise<void> {
  const scene = await Scene.open(story);
  const { job } = scene;
  const reshards = story.mode !== 'source';
  try {
    await scene.until(() => job.checkpoints > 0 && job.has(keys, 1), 'the first checkpoint');
    job.failOnce();
    await scene.until(() => job.restores === 1 && job.toldSinceCheckpoint > 0, 'the restart after a failure');
    if (reshards) await scene.split('shardId-000000000000');
    const before = job.checkpoints;
    await scene.until(() => job.checkpoints > before && job.toldSinceCheckpoint > keys, 'records after a checkpoint');
    await job.kill();
    job.start();
    await scene.until(() => job.restores === 2 && job.toldSinceCheckpoint > 0, 'the restart after kill -9');
    if (reshards) await scene.merge('shardId-000000000003', 'shardId-000000000001');
    if (story.mode === 'fanout') await scene.untilRenewed(2);
    await scene.end(2);
    if (story.mode === 'fanout') await scene.checkSubscriptions(2);
    // What was counted and lost with its process was counted again.
    assert.ok(job.told > keys * scene.rounds, `${job.told} states told`);
    if (story.hasSink === true) await scene.checkSink();
  } finally {
    await scene.close();
  }
}

/** Enhanced fan-out over twelve minutes, with a split and a merge in them: subscriptions end and are renewed, the job never fails. */
export async function tellLongFlinkStory(): Promise<void> {
  const minutes = 12;
  const scene = await Scene.open({ mode: 'fanout', scheme: 'http', putEveryMs: 500 });
  try {
    const endMs = performance.now() + minutes * 60_000;
    await scene.until(() => scene.job.has(keys, 1), 'the first records');
    await scene.untilRenewed(1, 400_000);
    await scene.split('shardId-000000000000');
    await scene.merge('shardId-000000000003', 'shardId-000000000001');
    await scene.untilRenewed(1, 400_000);
    await scene.until(() => performance.now() > endMs, 'the end', minutes * 60_000);
    await scene.end(0);
    await scene.checkSubscriptions(0);
  } finally {
    await scene.close();
  }
}

interface Parts {
  readonly server: ServerProcess;
  readonly client: Kinesis;
  readonly job: FlinkJob;
  readonly folder: string;
  readonly load: Load;
  readonly subscriptionMs: number;
}

/** A server, a stream that records are put into all the time, and a job that reads it. */
class Scene {
  readonly client: Kinesis;
  readonly job: FlinkJob;
  readonly #server: ServerProcess;
  readonly #folder: string;
  readonly #load: Load;
  readonly #subscriptionMs: number;
  readonly #beganMs = performance.now();

  private constructor(at: Parts) {
    this.#server = at.server;
    this.client = at.client;
    this.job = at.job;
    this.#folder = at.folder;
    this.#load = at.load;
    this.#subscriptionMs = at.subscriptionMs;
  }

  static async open(story: FlinkStory & { readonly putEveryMs?: number }): Promise<Scene> {
    const { mode, scheme, subscriptionMs = 300_000, hasAggregated = true, hasSink = false, putEveryMs = 50 } = story;
    const folder = mkdtempSync(join(tmpdir(), 'millrace-flink-'));
    const data = join(folder, 'data');
    const server = await startServer(['--data', data, '--subscription-ms', String(subscriptionMs)]);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new Kinesis({ endpoint: server.endpoint, region: 'us-east-1', credentials });
    const [streamArn, sinkArn] = await Promise.all(
      ['events', 'copies'].map(async (name) => {
        await client.createStream({ StreamName: name, ShardCount: 2 });
        return (await streamActive(client, name)).StreamARN!;
      }),
    );
    const endpoint = server.endpoint.replace('http', scheme);
    const classPath = await javaClassPath(flink);
    const properties = scheme === 'https' ? await trustIn(folder, Number(new URL(endpoint).port)) : [];
    const source = { endpoint, streamArn: streamArn!, mode };
    const options = { classPath, ...source, folder, properties, sinkArn: hasSink ? sinkArn : undefined };
    const job = new FlinkJob(options);
    job.start();
    const load = new Load(client, { everyMs: putEveryMs, hasAggregated, textOf: (_, ordinal) => String(ordinal) });
    return new Scene({ server, client, job, folder, load, subscriptionMs });
  }

  get rounds(): number {
    return this.#load.rounds;
  }

  until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 90_000): Promise<void> {
    return untilTrue(condition, what, timeoutMs).catch((error: unknown) =>
      assert.fail(`${String(error)}\n${this.#load.summary()}; ${this.job.summary()}\n${this.#server.log()}`),
    );
  }

  async split(ShardToSplit: string): Promise<void> {
    const NewStartingHashKey = String(2n ** 126n);
    await this.client.splitShard({ StreamName: 'events', ShardToSplit, NewStartingHashKey });
    await streamActive(this.client, 'events');
  }

  async merge(ShardToMerge: string, AdjacentShardToMerge: string): Promise<void> {
    await this.client.mergeShards({ StreamName: 'events', ShardToMerge, AdjacentShardToMerge });
    await streamActive(this.client, 'events');
  }

  /** Subscriptions that began so far. */
  async subscriptions(): Promise<number> {
    const text = await (await fetch(new URL('/metrics', this.#server.endpoint))).text();
    return Number(/^kinesis_SubscribeToShard_Success_total\{[^}]*"events"[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
  }

  /** A job that subscribes again and again, to a shard that ended above all, has more subscriptions than it can need. */
  async checkSubscriptions(restores: number): Promise<void> {
    const [count, seconds] = [await this.subscriptions(), (performance.now() - this.#beganMs) / 1000];
    // Two shards are open at a time, one more is being closed; each start subscribes to all.
    const needed = 5 + 3 * restores + 2 * Math.floor((seconds * 1000) / this.#subscriptionMs);
    assert.ok(count <= needed, `${count} subscriptions in ${seconds.toFixed(0)} s where ${needed} are enough`);
  }

  /** Until both open shards were subscribed to `times` times more. */
  async untilRenewed(times: number, timeoutMs = 90_000): Promise<void> {
    const before = await this.subscriptions();
    await this.until(async () => (await this.subscriptions()) >= before + 2 * times, 'new subscriptions', timeoutMs);
  }

  /** Puts no more; when the job has seen the last record of each key, it has each of them once and failed as often as it had to. */
  async end(restores: number): Promise<void> {
    await this.#load.end();
    await this.until(() => this.job.has(keys, this.rounds), 'every record');
    for (const [key, tally] of this.job.tallies) assert.deepEqual(tally, [this.rounds, 0, 0], key);
    assert.deepEqual([this.job.starts, this.job.restores], [1, restores], this.job.summary());
  }

  /** Every record comes into the second stream, once at least. */
  async checkSink(): Promise<void> {
    const seen = new Set<string>();
    const places = ['shardId-000000000000', 'shardId-000000000001'].map(
      (ShardId) => ({ StreamName: 'copies', ShardId, ShardIteratorType: 'TRIM_HORIZON' }) as const,
    );
    const iterators = await Promise.all(
      places.map(async (place) => (await this.client.getShardIterator(place)).ShardIterator),
    );
    await this.until(async () => {
      for (const [index, ShardIterator] of iterators.entries()) {
        const page = await this.client.getRecords({ ShardIterator: ShardIterator! });
        for (const { PartitionKey, Data } of page.Records!)
          seen.add(`${PartitionKey} ${Buffer.from(Data!).toString()}`);
        iterators[index] = page.NextShardIterator;
      }
      return seen.size === keys * this.rounds;
    }, 'the copies').catch((error: unknown) => assert.fail(`${seen.size} copies; ${String(error)}`));
  }

  async close(): Promise<void> {
    await this.#load.stop();
    await this.job.kill();
    this.client.destroy();
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
