import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import type { ChildShard, Kinesis, _Record as KinesisRecord, StartingPosition } from '@aws-sdk/client-kinesis';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlightEvent } from './flights.ts';
import type { Tally } from './tally.ts';

/** Reads a shard from its beginning to its end and answers its children; undefined when `stop` ended it first. */
type ShardReader = (shardId: string) => Promise<readonly ChildShard[] | undefined>;

export interface ReaderOptions {
  readonly client: Kinesis;
  readonly stream: string;
  readonly tally: Tally;
  readonly stop: AbortSignal;
}

/** Polls with GetRecords, five times a second a shard as AWS allows. */
export function pollingReader({ client, stream, tally, stop }: ReaderOptions): ShardReader {
  return async (shardId) => {
    const start = await client.send(
      new GetShardIteratorCommand({ StreamName: stream, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    let iterator = start.ShardIterator;
    while (iterator !== undefined && !stop.aborted) {
      const answer = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
      for (const record of answer.Records ?? []) receive(tally, shardId, record);
      if (answer.NextShardIterator === undefined) return answer.ChildShards ?? [];
      iterator = answer.NextShardIterator;
      await sleep(210);
    }
    return undefined;
  };
}

/** Is pushed records by SubscribeToShard, resubscribing where the five minutes of a session end. */
export function pushedReader(options: ReaderOptions & { consumerArn: string }): ShardReader {
  const { client, consumerArn, tally, stop } = options;
  return async (shardId) => {
    let position: StartingPosition = { Type: 'TRIM_HORIZON' };
    while (!stop.aborted) {
      const request = { ConsumerARN: consumerArn, ShardId: shardId, StartingPosition: position };
      const answer = await client.send(new SubscribeToShardCommand(request), { abortSignal: stop });
      for await (const { SubscribeToShardEvent: event } of answer.EventStream ?? []) {
        for (const record of event?.Records ?? []) receive(tally, shardId, record);
        if (event?.ChildShards !== undefined) return event.ChildShards;
        position = { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: event?.ContinuationSequenceNumber };
      }
    }
    return undefined;
  };
}

/** Reads all shards with `reader`, a child only when all of its parents are read to their end: order per key. */
export async function readStream({ client, stream }: ReaderOptions, reader: ShardReader): Promise<void> {
  const finished = new Set<string>();
  const started = new Set<string>();
  const follow = async (shardId: string): Promise<void> => {
    if (started.has(shardId)) return;
    started.add(shardId);
    const children = await reader(shardId);
    if (children === undefined) return;
    finished.add(shardId);
    const ready = children.filter(({ ParentShards }) => (ParentShards ?? []).every((parent) => finished.has(parent)));
    await Promise.all(ready.map((child) => follow(child.ShardId!)));
  };
  const { Shards: shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
  await Promise.all(shards.map(({ ShardId: shardId }) => follow(shardId!)));
}

function receive(tally: Tally, shardId: string, record: KinesisRecord): void {
  const event = JSON.parse(Buffer.from(record.Data!).toString('utf8')) as FlightEvent & { sentMs: number };
  tally.add(shardId, event, performance.timeOrigin + performance.now() - event.sentMs);
}
