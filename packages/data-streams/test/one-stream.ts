import { movableWorld } from '@millrace/world';
import type { MovableWorld } from '@millrace/world';
import { testService } from './support.ts';
import type { TestOptions, TestService } from './support.ts';

export const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
/** Where the upper of two equal shards begins. */
export const middleHash = String(2n ** 127n);

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

export interface RecordsPage {
  readonly Records: {
    Data: string;
    SequenceNumber: string;
    PartitionKey?: string;
    EncryptionType?: string;
    ApproximateArrivalTimestamp: number;
  }[];
  readonly NextShardIterator?: string;
  readonly MillisBehindLatest: number;
  readonly ChildShards?: { ShardId: string; ParentShards: string[] }[];
}

/** A service with one stream, `s`, in a world whose clocks can be moved; and what tests of records ask of it again and again. */
export class OneStream {
  readonly streams: TestService;
  readonly world: MovableWorld;

  private constructor(streams: TestService, world: MovableWorld) {
    this.streams = streams;
    this.world = world;
  }

  static async open(shardCount: number, options: TestOptions = {}): Promise<OneStream> {
    const world = movableWorld(options.world);
    const streams = await testService({ ...options, world });
    await streams.call('CreateStream', { StreamName: 's', ShardCount: shardCount });
    await streams.untilActive('s');
    return new OneStream(streams, world);
  }

  call(operation: string, input: object = {}, context: object = {}): Promise<Record<string, unknown>> {
    return this.streams.call(operation, input, context);
  }

  refusal(operation: string, input: object = {}, context: object = {}): Promise<string> {
    return this.streams.refusal(operation, input, context);
  }

  active(stream = 's'): Promise<void> {
    return this.streams.untilActive(stream);
  }

  /** What DescribeStreamSummary says of a stream. */
  async summary(StreamName = 's', context: object = {}): Promise<Record<string, unknown>> {
    return (await this.call('DescribeStreamSummary', { StreamName }, context))['StreamDescriptionSummary'] as never;
  }

  async put(text: string, more: object = {}): Promise<string> {
    const record = { StreamName: 's', PartitionKey: 'k', ExplicitHashKey: '0', Data: base64(text) };
    return (await this.streams.call('PutRecord', { ...record, ...more }))['SequenceNumber'] as string;
  }

  /** An iterator of the first shard of `s`, unless `more` says another. */
  async iterator(type: string, more: object = {}): Promise<string> {
    const place = { StreamName: 's', ShardId: '0', ShardIteratorType: type };
    return (await this.streams.call('GetShardIterator', { ...place, ...more }))['ShardIterator'] as string;
  }

  async read(iterator: string, more: object = {}): Promise<RecordsPage> {
    return (await this.streams.call('GetRecords', { ShardIterator: iterator, ...more })) as unknown as RecordsPage;
  }

  /** The data of all records from a position to the tip. */
  async readFrom(type: string, more: object = {}): Promise<string[]> {
    const found: string[] = [];
    let next: string | undefined = await this.iterator(type, more);
    while (next !== undefined) {
      const page: RecordsPage = await this.read(next);
      found.push(...texts(page));
      next = page.MillisBehindLatest === 0 ? undefined : page.NextShardIterator;
    }
    return found;
  }

  async shards(): Promise<{ ShardId: string; SequenceNumberRange: Record<string, string> }[]> {
    return (await this.streams.call('ListShards', { StreamName: 's' }))['Shards'] as never;
  }
}

export const texts = ({ Records }: RecordsPage): string[] =>
  Records.map(({ Data }) => Buffer.from(Data, 'base64').toString());
