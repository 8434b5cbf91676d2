import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { aggregate } from '@millrace/aggregation';
import type { ConsumedRecord } from '@millrace/consumer';
import { startServer } from '../../../tools/server-process.ts';
import type { ServerProcess } from '../../../tools/server-process.ts';
import { streamActive } from '../../../tools/stream-active.ts';

/** A stream on a real server, whose port has the lease tables too. */
export class TestStream {
  readonly server: ServerProcess;
  client: KinesisClient;
  readonly dynamodb: DynamoDBClient;
  /** What was seen, by key, in order. */
  readonly seen = new Map<string, number[]>();
  #put = 0;

  private constructor(server: ServerProcess) {
    this.server = server;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const settings = { endpoint: server.endpoint, region: 'us-east-1', credentials };
    this.client = new KinesisClient(settings);
    this.dynamodb = new DynamoDBClient(settings);
  }

  /** A new client, where the connections of the old one were cut. */
  renew(): void {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    this.client = new KinesisClient({ endpoint: this.server.endpoint, region: 'us-east-1', credentials });
  }

  /** Another stream on the same server. */
  async create(StreamName: string, ShardCount = 1): Promise<void> {
    await this.client.send(new CreateStreamCommand({ StreamName, ShardCount }));
    await streamActive(this.client, StreamName);
  }

  static async open(shards: number): Promise<TestStream> {
    const stream = new TestStream(await startServer(['--transition-ms', '20', '--limits', 'none']));
    await stream.create('s', shards);
    return stream;
  }

  async active(): Promise<void> {
    await streamActive(this.client, 's');
  }

  /** The next ordinal of every key, some of them aggregated two by two. */
  async put(rounds: number, keys = 20): Promise<void> {
    for (let n = 0; n < rounds; n += 1) {
      const [first, second] = [this.#put, this.#put + 1];
      this.#put += 2;
      const users = Array.from({ length: keys }, (_, key) =>
        [first, second].map((ordinal) => ({ partitionKey: `key-${key}`, data: Buffer.from(String(ordinal)) })),
      );
      const sent = n % 2 === 0 ? users.flat() : users.flatMap((pair) => [...aggregate(pair)]);
      const Records = sent.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data }));
      await this.client.send(new PutRecordsCommand({ StreamName: 's', Records }));
    }
  }

  see(records: readonly ConsumedRecord[]): void {
    for (const { partitionKey, data } of records) {
      const seen = this.seen.get(partitionKey) ?? [];
      seen.push(Number(Buffer.from(data).toString()));
      this.seen.set(partitionKey, seen);
    }
  }

  /** Whether every key was seen whole; `firsts` are in order whatever was seen twice. */
  isComplete(keys = 20): boolean {
    return this.seen.size === keys && [...this.seen.values()].every((seen) => new Set(seen).size === this.#put);
  }

  get firsts(): number[][] {
    return [...this.seen.values()].map((seen) => [...new Set(seen)]);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async stop(): Promise<void> {
    this.client.destroy();
    this.dynamodb.destroy();
    await this.server.stop();
  }
}
