import {
  KinesisClient,
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import type { HashKeyRange, PutRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import { deaggregate } from '@millrace/aggregation';
import type { ProducerOptions } from '@millrace/producer';
import { startServer } from '../../../tools/server-process.ts';
import type { ServerProcess } from '../../../tools/server-process.ts';
import { streamActive } from '../../../tools/stream-active.ts';

export type Send = ProducerOptions['client']['send'];

export interface Read {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  readonly text: string;
  readonly isAggregated: boolean;
}

/** A stream on a real server, and what tests of producers ask of it. */
export class TestStream {
  readonly server: ServerProcess;
  readonly client: KinesisClient;

  private constructor(server: ServerProcess, client: KinesisClient) {
    this.server = server;
    this.client = client;
  }

  static async open(shards: number, args: readonly string[] = []): Promise<TestStream> {
    const server = await startServer(['--transition-ms', '20', ...args]);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new KinesisClient({ endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
    const stream = new TestStream(server, client);
    await client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: shards }));
    await stream.active();
    return stream;
  }

  /** A client whose PutRecords calls go through `change`. */
  through(change: (call: () => Promise<PutRecordsCommandOutput>, nth: number) => Promise<PutRecordsCommandOutput>): {
    send: Send;
  } {
    let nth = 0;
    const send = (command: never): Promise<unknown> => {
      const call = (): Promise<never> => this.client.send<never, never>(command);
      return (command as object) instanceof PutRecordsCommand ? change(call, nth++) : call();
    };
    return { send: send as Send };
  }

  async active(): Promise<void> {
    await streamActive(this.client, 's');
  }

  /** Every user record as KCL would see it: shard by shard, those left out that do not belong there. */
  async readAll(): Promise<Read[]> {
    const { Shards: shards = [] } = await this.client.send(new ListShardsCommand({ StreamName: 's' }));
    const found: Read[] = [];
    for (const { ShardId, HashKeyRange } of shards) found.push(...(await this.#readShard(ShardId!, HashKeyRange!)));
    return found;
  }

  async #readShard(ShardId: string, range: HashKeyRange): Promise<Read[]> {
    const within = { startingHashKey: BigInt(range.StartingHashKey!), endingHashKey: BigInt(range.EndingHashKey!) };
    const place = { StreamName: 's', ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
    const found: Read[] = [];
    let { ShardIterator: iterator } = await this.client.send(new GetShardIteratorCommand(place));
    while (iterator !== undefined) {
      const page = await this.client.send(new GetRecordsCommand({ ShardIterator: iterator }));
      for (const { PartitionKey: partitionKey, Data: data } of page.Records ?? [])
        for (const record of deaggregate({ partitionKey: partitionKey!, data: data! }, { within }))
          found.push({
            partitionKey: record.partitionKey,
            data: record.data,
            text: Buffer.from(record.data).toString(),
            isAggregated: record.isAggregated,
          });
      iterator = page.MillisBehindLatest === 0 ? undefined : page.NextShardIterator;
    }
    return found;
  }

  async stop(): Promise<void> {
    this.client.destroy();
    await this.server.stop();
  }
}
