import { GetRecordsCommand, GetShardIteratorCommand, SubscribeToShardCommand } from '@aws-sdk/client-kinesis';
import type {
  ChildShard,
  GetShardIteratorCommandInput,
  StartingPosition,
  SubscribeToShardEventStream,
  _Record as KinesisRecord,
} from '@aws-sdk/client-kinesis';
import type { World } from '@millrace/world';
import type { HeldLease } from './held-lease.ts';
import type { ConsumerOptions } from './options.ts';
import { streamReference } from './shards.ts';

/** What a shard gave at once. */
export interface Page {
  readonly records: readonly KinesisRecord[];
  readonly millisBehindLatest: number;
  /** The shard ends with it. */
  readonly isLast: boolean;
  readonly children: readonly ChildShard[];
  /** Where the next one begins; undefined behind the last. */
  readonly next: string | undefined;
}

/** Where the pages of a shard come from. A page comes again until it was accepted, and from the checkpoint on where a place is lost. */
export interface PageSource {
  next(): Promise<Page>;
  /** The page was processed: the next one follows it. */
  accept(page: Page): void;
  /** Something failed; whatever is open is opened anew. */
  failed(error: unknown): void;
  close(): void;
}

export interface SourceOptions extends Pick<ConsumerOptions, 'client' | 'stream' | 'maxRecords'> {
  readonly lease: HeldLease;
  readonly world: Pick<World, 'clock'>;
}

/** Where reading begins. At a checkpoint, not behind it: some of the records that travelled in it may not have been processed. */
class Beginning {
  readonly #options: SourceOptions;
  #tipMs: number | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** The tip is where it was at the first time: what came since then is not passed over when reading begins anew. */
  position(): {
    readonly type: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP' | 'AT_SEQUENCE_NUMBER';
    at?: string;
    since?: Date;
  } {
    const { lease, world } = this.#options;
    const { sequenceNumber } = lease.present.checkpoint;
    if (sequenceNumber === 'TRIM_HORIZON') return { type: sequenceNumber };
    if (sequenceNumber !== 'LATEST') return { type: 'AT_SEQUENCE_NUMBER', at: sequenceNumber };
    if (this.#tipMs !== undefined) return { type: 'AT_TIMESTAMP', since: new Date(this.#tipMs) };
    this.#tipMs = world.clock.now();
    return { type: 'LATEST' };
  }
}

/** GetRecords, call by call. */
export class Polling implements PageSource {
  readonly #options: SourceOptions;
  readonly #beginning: Beginning;
  #iterator: string | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#beginning = new Beginning(options);
  }

  async next(): Promise<Page> {
    const { client, maxRecords = 10_000 } = this.#options;
    this.#iterator ??= await this.#open();
    const page = await client.send(new GetRecordsCommand({ ShardIterator: this.#iterator, Limit: maxRecords }));
    return {
      records: page.Records ?? [],
      millisBehindLatest: page.MillisBehindLatest ?? 0,
      isLast: page.NextShardIterator === undefined,
      children: page.ChildShards ?? [],
      next: page.NextShardIterator,
    };
  }

  accept({ next }: Page): void {
    this.#iterator = next;
  }

  failed(error: unknown): void {
    if (['ExpiredIteratorException', 'InvalidArgumentException'].includes((error as Error).name))
      this.#iterator = undefined;
  }

  close(): void {
    this.#iterator = undefined;
  }

  async #open(): Promise<string> {
    const { client, stream, lease } = this.#options;
    const { type, at, since } = this.#beginning.position();
    const place: GetShardIteratorCommandInput = {
      ...streamReference(stream),
      ShardId: lease.shardId,
      ShardIteratorType: type,
      ...(at !== undefined && { StartingSequenceNumber: at }),
      ...(since !== undefined && { Timestamp: since }),
    };
    return (await client.send(new GetShardIteratorCommand(place))).ShardIterator!;
  }
}

/** Enhanced fan-out: the server pushes, and ends a subscription after five minutes; then the next one follows. */
export class FanOut implements PageSource {
  readonly #options: SourceOptions & { readonly consumerArn: string };
  readonly #beginning: Beginning;
  #continuation: string | undefined;
  #events: AsyncIterator<SubscribeToShardEventStream> | undefined;
  #abort = new AbortController();

  constructor(options: SourceOptions & { readonly consumerArn: string }) {
    this.#options = options;
    this.#beginning = new Beginning(options);
  }

  async next(): Promise<Page> {
    this.#events ??= await this.#subscribe();
    const { done, value } = await this.#events.next();
    if (done === true) {
      this.#events = undefined;
      return { records: [], millisBehindLatest: 1, isLast: false, children: [], next: this.#continuation };
    }
    const event = value.SubscribeToShardEvent;
    if (event === undefined)
      throw Object.values(value as unknown as Record<string, Error>)[0] ?? new Error('an unknown event');
    return {
      records: event.Records ?? [],
      millisBehindLatest: event.MillisBehindLatest ?? 0,
      isLast: event.ContinuationSequenceNumber === undefined,
      children: event.ChildShards ?? [],
      next: event.ContinuationSequenceNumber,
    };
  }

  accept({ next }: Page): void {
    this.#continuation = next;
  }

  failed(): void {
    this.close();
  }

  close(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#events = undefined;
  }

  async #subscribe(): Promise<AsyncIterator<SubscribeToShardEventStream>> {
    const { client, lease, consumerArn } = this.#options;
    const { type, at, since } = this.#beginning.position();
    const StartingPosition: StartingPosition =
      this.#continuation === undefined
        ? {
            Type: type,
            ...(at !== undefined && { SequenceNumber: at }),
            ...(since !== undefined && { Timestamp: since }),
          }
        : { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: this.#continuation };
    const input = { ConsumerARN: consumerArn, ShardId: lease.shardId, StartingPosition };
    const answer = await client.send(new SubscribeToShardCommand(input), { abortSignal: this.#abort.signal });
    return answer.EventStream![Symbol.asyncIterator]();
  }
}
