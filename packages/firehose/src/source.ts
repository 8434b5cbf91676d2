import { readableShards } from '@millrace/log';
import type { ShardLineage, ShardLog } from '@millrace/log';
import type { Clock } from '@millrace/world';
import type { Firehose } from './service.ts';
import type { DeliveryStream } from './state.ts';
import type { Cursor } from './delivery/window.ts';

/** The streams of Data Streams, as a source of delivery streams: handed in by the server. Their records lie in the same log. */
export interface SourceStreams {
  /** The stream with this ARN as it is now; undefined where there is none. */
  find(arn: string): SourceStream | undefined;
}

/** What a shard lets be read, as GetRecords has it: shared with whoever else reads it. */
export interface ReadBudget {
  /** Takes a call; false where it is to come again later. */
  tryRead(logId: number): boolean;
  /** Books what a call answered. */
  endRead(logId: number, bytes: number): void;
}

/** "Firehose calls the Kinesis Data Streams GetRecords operation once per second for each shard." */
const pollMs = 1000;

/** When shards of a stream may be read. */
export class SourceReading {
  readonly #budget: ReadBudget;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #notBeforeMs = new Map<number, number>();

  constructor(budget: ReadBudget, clock: Pick<Clock, 'monotonicMs'>) {
    this.#budget = budget;
    this.#clock = clock;
  }

  mayRead(logId: number): boolean {
    return this.#clock.monotonicMs() >= (this.#notBeforeMs.get(logId) ?? 0) && this.#budget.tryRead(logId);
  }

  /** Who has come to the end reads again after a second; who is behind, as soon as the budget has room. */
  didRead(logId: number, bytes: number, isAtEnd: boolean): void {
    this.#budget.endRead(logId, bytes);
    if (isAtEnd) this.#notBeforeMs.set(logId, this.#clock.monotonicMs() + pollMs);
    else this.#notBeforeMs.delete(logId);
  }

  /** Forgets shards that are read to their ends. */
  forget(logIds: readonly number[]): void {
    for (const logId of logIds) this.#notBeforeMs.delete(logId);
  }
}

export interface SourceStream {
  /** Another one where the stream was deleted and made again. */
  readonly id: string;
  /** A shard's parents come before it. */
  readonly shards: readonly SourceShard[];
}

export interface SourceShard extends ShardLineage {
  readonly shardId: string;
  sequenceNumber(index: number, arrivalMs: number): string;
}

/** Where a delivery stream begins that reads a stream: at what comes from now on (LATEST). */
export function latestPositions(log: ShardLog, { shards }: SourceStream): Record<string, number> {
  return Object.fromEntries(
    shards.map(({ logId, endIndex }) => [logId, endIndex ?? log.status(logId)?.nextIndex ?? 0]),
  );
}

/** The shard that lies there in the log; undefined where records are put directly, or the stream is gone. */
export function sourceShard(service: Firehose, { source }: DeliveryStream, logId: number): SourceShard | undefined {
  if (source === undefined) return undefined;
  return service.sources.find(source.arn)?.shards.find((shard) => shard.logId === logId);
}

/** A delivery stream's type, as the API names it. */
export function typeOf({ source, topic }: DeliveryStream): 'DirectPut' | 'KinesisStreamAsSource' | 'MSKAsSource' {
  if (topic !== undefined) return 'MSKAsSource';
  return source === undefined ? 'DirectPut' : 'KinesisStreamAsSource';
}

/** The shards that a delivery stream is to read now, each from where it was delivered to. */
export function cursorsOf(
  service: Firehose,
  { logId, source, positions }: DeliveryStream,
  upTo: (logId: number) => number | undefined,
): Cursor[] {
  if (source === undefined) return [{ logId, from: positions[logId] ?? 0 }];
  const stream = service.sources.find(source.arn);
  // A stream of the same name that was made later is not the one that was asked for.
  if (stream === undefined || stream.id !== source.streamId) return [];
  const done = (shard: number): number => upTo(shard) ?? positions[shard] ?? 0;
  return readableShards(stream.shards, done).map((shard) => ({
    logId: shard.logId,
    from: positions[shard.logId] ?? 0,
  }));
}

/** Positions of shards that a stream no longer has need not be kept. */
export function goneShards(service: Firehose, { source, positions }: DeliveryStream): number[] {
  if (source === undefined) return [];
  const present = new Set(service.sources.find(source.arn)?.shards.map(({ logId }) => logId));
  return Object.keys(positions)
    .map(Number)
    .filter((logId) => !present.has(logId));
}
