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
import type { Tip } from './leases/lease.ts';
import type { ConsumerSettings } from './options.ts';
import { inTime } from './patience.ts';
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
  accept(page: Page): Promise<void>;
  /** Something failed; whatever is open is opened anew. */
  failed(error: unknown): void;
  close(): void;
}

export interface SourceOptions extends Pick<
  ConsumerSettings,
  'client' | 'maxRecords' | 'initialPosition' | 'requestTimeoutMs'
> {
  readonly stream: string;
  readonly lease: HeldLease;
  readonly world: Pick<World, 'clock'>;
}

interface Position {
  readonly type: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP' | 'AT_SEQUENCE_NUMBER';
  readonly at?: string;
  readonly since?: Date;
}

/**
 * Where reading begins, unless at the tip. At a checkpoint, not behind it: some of the records that travelled in it may not have
 * been processed. KCL writes AT_TIMESTAMP without the time, which stands in the worker's own settings (IteratorBuilder); a worker
 * that has none begins where nothing can be missed.
 */
function begin({ lease, initialPosition }: SourceOptions): Position {
  const { sequenceNumber } = lease.present.checkpoint;
  if (sequenceNumber === 'TRIM_HORIZON' || sequenceNumber === 'LATEST') return { type: sequenceNumber };
  if (sequenceNumber !== 'AT_TIMESTAMP') return { type: 'AT_SEQUENCE_NUMBER', at: sequenceNumber };
  return initialPosition instanceof Date ? { type: 'AT_TIMESTAMP', since: initialPosition } : { type: 'TRIM_HORIZON' };
}

/** A place that is good for nothing any more, which may be because the stream was deleted, and made again since. */
const invalid = new Set(['ExpiredIteratorException', 'InvalidArgumentException', 'ResourceNotFoundException']);
const freshenTipMs = 60_000;
/** As far as clocks may be apart for requests to be believed at all. */
const clockSkewMs = 300_000;

/** GetRecords, call by call. */
export class Polling implements PageSource {
  readonly #options: SourceOptions;
  #abort = new AbortController();
  #iterator: string | undefined;
  /** Where the shard was begun by this reader. */
  #tip: Tip | undefined;
  /** The iterator that the lease has is of no use any more. */
  #hasTipExpired = false;
  #tipMs = 0;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  async next(): Promise<Page> {
    const { client, maxRecords = 10_000 } = this.#options;
    this.#iterator ??= await this.#open();
    const page = await client.send(new GetRecordsCommand({ ShardIterator: this.#iterator, Limit: maxRecords }), {
      abortSignal: this.#abort.signal,
    });
    return {
      records: page.Records ?? [],
      millisBehindLatest: page.MillisBehindLatest ?? 0,
      isLast: page.NextShardIterator === undefined,
      children: page.ChildShards ?? [],
      next: page.NextShardIterator,
    };
  }

  async accept({ next, records }: Page): Promise<void> {
    this.#iterator = next;
    const { lease, world } = this.#options;
    const { checkpoint, tip } = lease.present;
    if (checkpoint.sequenceNumber !== 'LATEST' || tip === undefined || next === undefined || records.length > 0) return;
    if (world.clock.monotonicMs() - this.#tipMs < freshenTipMs) return;
    this.#tipMs = world.clock.monotonicMs();
    if (await lease.mark({ ...tip, iterator: next })) this.#hasTipExpired = false;
  }

  failed(error: unknown): void {
    if (!invalid.has((error as Error).name)) return;
    if (this.#iterator === this.#options.lease.present.tip?.iterator) this.#hasTipExpired = true;
    this.#iterator = undefined;
  }

  close(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#iterator = undefined;
  }

  async #open(): Promise<string> {
    const { lease, world } = this.#options;
    const position = begin(this.#options);
    if (position.type !== 'LATEST') return this.#iteratorAt(position);
    const { tip } = lease.present;
    if (tip !== undefined && this.#hasTipExpired)
      return this.#iteratorAt({ type: 'AT_TIMESTAMP', since: new Date(tip.sinceMs - clockSkewMs) });
    if (tip !== undefined) return tip.iterator;
    this.#tip ??= { sinceMs: world.clock.now(), iterator: await this.#iteratorAt(position) };
    this.#tipMs = world.clock.monotonicMs();
    // Before anything is read: from here on no worker begins at a later tip. Nor this one, if the answer is lost.
    if (!(await lease.mark(this.#tip))) throw new Error('the lease is lost');
    return this.#tip.iterator;
  }

  async #iteratorAt({ type, at, since }: Position): Promise<string> {
    const { client, stream, lease } = this.#options;
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

/** What records are pushed to. */
interface RegisteredConsumer {
  /** Its ARN; false while it is not active. */
  arn(): Promise<string | false | undefined>;
  /** The next ARN is asked for anew. */
  forget(): void;
}

/** Enhanced fan-out: the server pushes, and ends a subscription after five minutes; then the next one follows. */
export class FanOut implements PageSource {
  readonly #options: SourceOptions & { readonly consumer: RegisteredConsumer };
  #continuation: string | undefined;
  /** When reading began at the tip: what came since then is not passed over when it begins anew. */
  #tipMs: number | undefined;
  #events: AsyncIterator<SubscribeToShardEventStream> | undefined;
  #abort = new AbortController();

  constructor(options: SourceOptions & { readonly consumer: RegisteredConsumer }) {
    this.#options = options;
  }

  async next(): Promise<Page> {
    this.#events ??= await this.#subscribe();
    const events = this.#events;
    const { clock } = this.#options.world;
    // Where nothing is written there is an event every few seconds all the same.
    const { done, value } = await inTime({ clock, ms: this.#options.requestTimeoutMs }, () => events.next());
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

  async accept({ next }: Page): Promise<void> {
    this.#continuation = next;
    const { lease } = this.#options;
    // The first event tells where the tip is: AWS has this number for checkpoints, "even when no data is written to the shard".
    if (next !== undefined && lease.present.checkpoint.sequenceNumber === 'LATEST')
      await lease.checkpoint({ sequenceNumber: next, subSequenceNumber: 0 });
  }

  failed(error: unknown): void {
    const { name } = error as Error;
    // From the checkpoint on: nothing is passed over.
    if (invalid.has(name)) this.#continuation = undefined;
    if (name === 'ResourceNotFoundException') this.#options.consumer.forget();
    this.close();
  }

  close(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#events = undefined;
  }

  async #subscribe(): Promise<AsyncIterator<SubscribeToShardEventStream>> {
    const { client, lease, consumer } = this.#options;
    const { type, at, since } = this.#position();
    const StartingPosition: StartingPosition =
      this.#continuation === undefined
        ? {
            Type: type,
            ...(at !== undefined && { SequenceNumber: at }),
            ...(since !== undefined && { Timestamp: since }),
          }
        : { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: this.#continuation };
    const ConsumerARN = await consumer.arn();
    if (!ConsumerARN) throw new Error('the registered consumer is not active yet');
    const input = { ConsumerARN, ShardId: lease.shardId, StartingPosition };
    const answer = await client.send(new SubscribeToShardCommand(input), { abortSignal: this.#abort.signal });
    return answer.EventStream![Symbol.asyncIterator]();
  }
  #position(): Position {
    const { lease, world } = this.#options;
    const position = begin(this.#options);
    if (position.type !== 'LATEST') return position;
    const { tip } = lease.present;
    const sinceMs = tip === undefined ? this.#tipMs : tip.sinceMs - clockSkewMs;
    if (sinceMs !== undefined) return { type: 'AT_TIMESTAMP', since: new Date(sinceMs) };
    this.#tipMs = world.clock.now();
    return position;
  }
}
