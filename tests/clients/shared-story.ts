/** Java workers (KCL 2 and 3) and TypeScript workers of one application share streams, by one lease table. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Kinesis } from '@aws-sdk/client-kinesis';
import { consume, DynamoDBLeases } from '@millrace/consumer';
import type { Consumer, ConsumerEvent } from '@millrace/consumer';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { endProcess, javaClassPath, kcl3, untilTrue } from './environments.ts';
import type { KclVersion } from './environments.ts';
import { streamActive } from '../../tools/stream-active.ts';
import { startKclWorker } from './kcl-worker.ts';

const keys = 40;

/** A stream, an application, and what its workers saw of it. */
export class Shared {
  readonly server: ServerProcess;
  readonly client: Kinesis;
  readonly #dynamodb: DynamoDBClient;
  readonly #classPath: string;
  readonly #seen = new Map<string, Set<number>>();
  readonly by = { java: 0, node: 0 };
  /** Of the workers in Node. */
  readonly events: ConsumerEvent[] = [];
  readonly #java: ChildProcess[] = [];
  readonly #node: Consumer[] = [];
  #log = '';
  #put = 0;

  private constructor(server: ServerProcess, classPath: string) {
    this.server = server;
    this.#classPath = classPath;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const settings = { endpoint: server.endpoint, region: 'us-east-1', credentials };
    this.client = new Kinesis(settings);
    this.#dynamodb = new DynamoDBClient(settings);
  }

  static async open(streams: readonly string[], kcl: KclVersion = kcl3): Promise<Shared> {
    const [server, classPath] = await Promise.all([startServer(['--limits', 'none']), javaClassPath(kcl)]);
    const shared = new Shared(server, classPath);
    for (const stream of streams) {
      await shared.client.createStream({ StreamName: stream, ShardCount: 4 });
      await streamActive(shared.client, stream);
    }
    return shared;
  }

  #see(who: 'java' | 'node', key: string, text: string): void {
    this.by[who] += 1;
    const ordinals = this.#seen.get(key) ?? new Set();
    // First sights are in order by key, whoever sees them.
    if (!ordinals.has(Number(text))) assert.equal(Number(text), ordinals.size, `${key}, by ${who}`);
    this.#seen.set(key, ordinals.add(Number(text)));
  }

  async put(rounds: number, streams: readonly string[] = ['events']): Promise<void> {
    for (let n = 0; n < rounds; n += 1, this.#put += 1)
      for (const StreamName of streams) {
        const Records = Array.from({ length: keys }, (_, key) => ({
          PartitionKey: `${StreamName}-${key}`,
          Data: Buffer.from(`${this.#put}`),
        }));
        await this.client.putRecords({ StreamName, Records });
      }
  }

  async split(number: number): Promise<void> {
    const StreamName = 'events';
    const ShardToSplit = `shardId-00000000000${number}`;
    const NewStartingHashKey = String(2n ** 126n * BigInt(number) + 2n ** 125n);
    await this.client.splitShard({ StreamName, ShardToSplit, NewStartingHashKey });
    await streamActive(this.client, StreamName);
  }

  isComplete(streams = 1): boolean {
    return this.#seen.size === streams * keys && [...this.#seen.values()].every(({ size }) => size === this.#put);
  }

  /** Rejects after two minutes, with what is known of leases and workers. */
  async until(condition: () => boolean, what: string): Promise<void> {
    try {
      await untilTrue(condition, what);
    } catch (error) {
      const leases = await new DynamoDBLeases(this.#dynamodb, 'shared').list();
      const missing = [...this.#seen]
        .filter(([, { size }]) => size < this.#put)
        .map(([key, { size }]) => `${key}:${size}`);
      const known = {
        leases: leases.map(({ leaseKey, owner, checkpointOwner, counter, checkpoint }) =>
          [leaseKey, owner, checkpointOwner, counter, checkpoint.sequenceNumber].join(' '),
        ),
        node: this.#node.map((consumer) => [consumer.workerId, consumer.metrics()]),
        events: this.events.slice(-20).map((event) => Object.values(event).map(String).join(' ')),
        missing: `${missing.join(' ')} of ${this.#put}`,
      };
      throw new Error(
        `${(error as Error).message}\n${JSON.stringify(known, null, 1)}\nKCL said:\n${this.#log.slice(-3000)}`,
        { cause: error },
      );
    }
  }

  /** Puts a round now and then, so that every shard has a throughput to be weighed by, until the condition holds. */
  async putUntil(condition: () => boolean, what: string): Promise<void> {
    const until = this.until(condition, what);
    let isOver = false;
    const over = (): void => void (isOver = true);
    until.then(over, over);
    while (!isOver) {
      await this.put(1);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await until;
  }

  startNode(which: { stream: string } | { streams: readonly string[] } = { stream: 'events' }): Consumer {
    const consumer = consume({
      ...which,
      client: this.client,
      leases: new DynamoDBLeases(this.#dynamodb, 'shared'),
      failoverMs: 3000,
      idleMs: 200,
      onEvent: (event) => void this.events.push(event),
      processor: (records) => {
        for (const { partitionKey, data } of records) this.#see('node', partitionKey, Buffer.from(data).toString());
      },
    });
    this.#node.push(consumer);
    return consumer;
  }

  startJava(modes: readonly string[], stream = 'events'): ChildProcess {
    const told = {
      onLine: ([kind, , , key, text]: readonly string[]) => void (kind === 'RECORD' && this.#see('java', key!, text!)),
      onLog: (text: string) => void (this.#log += text),
    };
    const options = { endpoint: this.server.endpoint, application: 'shared', modes, stream };
    const java = startKclWorker(this.#classPath, options, told);
    this.#java.push(java);
    return java;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#java.map(endProcess), ...this.#node.map((consumer) => consumer.stop())]);
    this.client.destroy();
    this.#dynamodb.destroy();
    await this.server.stop();
  }
}

/** A worker in Java that takes leases by itself and one in Node take their share, behind splits too, and each goes on for the other. */
export async function tellSharesStory(kcl: KclVersion, modes: readonly string[]): Promise<void> {
  const shared = await Shared.open(['events'], kcl);
  const isComplete = (): boolean => shared.isComplete();
  try {
    let node = shared.startNode();
    await shared.put(5);
    await shared.until(isComplete, 'Node alone');
    const java = shared.startJava(modes);
    await shared.until(() => node.metrics().shards.length === 2, 'Java takes its half');
    const before = shared.by.java;
    await shared.put(10);
    await shared.until(() => isComplete() && shared.by.java > before, 'both');
    await shared.split(0);
    await shared.split(3);
    await shared.put(5);
    await shared.until(isComplete, 'both, behind splits');
    await node.stop();
    await shared.put(5);
    await shared.until(isComplete, 'Java alone');
    node = shared.startNode();
    await shared.until(() => node.metrics().shards.length === 3, 'Node asks for its half');
    await shared.put(5);
    await shared.until(isComplete, 'both again');
    await endProcess(java);
    await shared.put(5);
    await shared.until(() => isComplete() && node.metrics().shards.length === 6, 'Node alone again');
    assert.ok(shared.by.java > 0 && shared.by.node > 0);
  } finally {
    await shared.close();
  }
}

/** The same with two streams, as one application. */
export async function tellStreamsStory(): Promise<void> {
  const streams = ['events', 'clicks'];
  const shared = await Shared.open(streams);
  const isComplete = (): boolean => shared.isComplete(streams.length);
  try {
    const node = shared.startNode({ streams });
    await shared.put(5, streams);
    await shared.until(() => isComplete() && node.metrics().shards.length === 8, 'Node alone');
    const identifiers = await Promise.all(
      streams.map(async (StreamName) => {
        const { StreamDescriptionSummary: found } = await shared.client.describeStreamSummary({ StreamName });
        const second = Math.floor(found!.StreamCreationTimestamp!.getTime() / 1000);
        return `${found!.StreamARN!.split(':')[4]}:${StreamName}:${second}`;
      }),
    );
    shared.startJava(['polling', '2x'], identifiers.join(','));
    await shared.until(() => node.metrics().shards.length === 4, 'Java takes its half');
    const before = shared.by.java;
    await shared.put(10, streams);
    await shared.until(() => isComplete() && shared.by.java > before, 'both');
    await node.stop();
    await shared.put(5, streams);
    await shared.until(isComplete, 'Java alone');
  } finally {
    await shared.close();
  }
}

/** A leader of KCL 3 assigns leases to Node and asks for them; when it is gone, Node goes on without one. */
export async function tellLeaderStory(): Promise<void> {
  const shared = await Shared.open(['events']);
  const isComplete = (): boolean => shared.isComplete();
  try {
    let node = shared.startNode();
    await shared.put(5);
    await shared.until(() => isComplete() && node.metrics().shards.length === 4, 'Node alone');
    shared.events.length = 0;
    const java = shared.startJava(['polling']);
    // The leader asks Node for leases, which it hands over: it loses none.
    await shared.putUntil(() => shared.by.java > 0 && node.metrics().shards.length < 4, 'Java leads and gets some');
    // Its children are nobody's: the leader assigns them.
    await shared.split(0);
    await shared.putUntil(isComplete, 'both, behind a split');
    assert.ok(shared.events.some(({ type }) => type === 'released'));
    assert.ok(shared.events.every(({ type }) => type !== 'lost'));
    await node.stop();
    const before = shared.by.node;
    await shared.putUntil(isComplete, 'Java alone');
    assert.equal(shared.by.node, before);
    node = shared.startNode();
    // Node asks for nothing where a leader is: what it gets was assigned to it.
    await shared.putUntil(
      () => node.metrics().shards.length > 0 && shared.by.node > before,
      'the leader assigns some to Node',
    );
    await shared.until(isComplete, 'both again');
    java.kill('SIGKILL');
    await shared.put(5);
    await shared.until(() => isComplete() && node.metrics().shards.length === 5, 'Node, without a leader');
  } finally {
    await shared.close();
  }
}
