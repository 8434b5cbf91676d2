import { encodeSequenceNumber, shardId } from '@millrace/data-streams';
import type { DataStreams } from '@millrace/data-streams';
import type { SourceStream, SourceStreams } from '@millrace/functions';

/** Data Streams' shards as mappings and delivery streams read them, by a stream's ARN or by that of a registered consumer. */
export function sourceStreams({ state }: DataStreams): SourceStreams {
  return {
    find(arn) {
      const [, name = '', consumer] = /:stream\/([^/]+)(\/consumer\/.+)?$/.exec(arn) ?? [];
      const [, , , region, account] = arn.split(':');
      const stream = state.streams.get(`${account}:${region}:${name}`);
      if (stream === undefined || stream.status === 'DELETING') return undefined;
      if (consumer === undefined ? stream.arn !== arn : !hasConsumer(stream, arn)) return undefined;
      return sourceStream(stream);
    },
  };
}

type Stream = DataStreams['state']['streams'] extends Map<string, infer One> ? One : never;

function hasConsumer({ consumers }: Stream, arn: string): boolean {
  return [...consumers.values()].some((one) => one.arn === arn && one.status !== 'DELETING');
}

function sourceStream({ id, arn, retentionHours, shards }: Stream): SourceStream {
  const logIdsOf = (number: number | undefined): number[] => {
    const shard = number === undefined ? undefined : shards.get(number);
    return shard === undefined ? [] : [shard.logId];
  };
  return {
    id,
    arn,
    retentionMs: retentionHours * 3_600_000,
    shards: [...shards.values()].map((shard) => ({
      logId: shard.logId,
      shardId: shardId(shard.number),
      parents: [...logIdsOf(shard.parent), ...logIdsOf(shard.adjacentParent)],
      endIndex: shard.closed?.endIndex,
      hashKeys: { startingHashKey: shard.startHash, endingHashKey: shard.endHash },
      sequenceNumber: (index, arrivalMs) =>
        encodeSequenceNumber({
          createdSecond: shard.createdSecond,
          place: index + 1,
          arrivalSecond: Math.floor(arrivalMs / 1000),
          shardNumber: shard.number,
        }),
    })),
  };
}
