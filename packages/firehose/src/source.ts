import { readableShards } from '@millrace/log';
import type { ShardLineage, ShardLog } from '@millrace/log';
import type { Firehose } from './service.ts';
import type { DeliveryStream } from './state.ts';
import type { Cursor } from './delivery/window.ts';

/** The streams of Data Streams, as a source of delivery streams: handed in by the server. Their records lie in the same log. */
export interface SourceStreams {
  /** The stream with this ARN as it is now; undefined where there is none. */
  find(arn: string): SourceStream | undefined;
}

export interface SourceStream {
  /** Another one where the stream was deleted and made again. */
  readonly id: string;
  /** A shard's parents come before it. */
  readonly shards: readonly ShardLineage[];
}

/** Where a delivery stream begins that reads a stream: at what comes from now on (LATEST). */
export function latestPositions(log: ShardLog, { shards }: SourceStream): Record<string, number> {
  return Object.fromEntries(
    shards.map(({ logId, endIndex }) => [logId, endIndex ?? log.status(logId)?.nextIndex ?? 0]),
  );
}

/** A delivery stream's type, as the API names it. */
export function typeOf({ source }: DeliveryStream): 'DirectPut' | 'KinesisStreamAsSource' {
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
