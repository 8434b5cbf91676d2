import { deaggregate } from '@millrace/aggregation';
import type { HashKeyRange } from '@millrace/aggregation';
import type { ReadOutcome, ShardLog, StoredRecord } from '@millrace/log';
import { crc32 } from 'node:zlib';
import type { RecordFilter } from './filters.ts';
import { kinesisEventRecord } from './kinesis-event.ts';
import type { EventSource, KinesisEventRecord } from './kinesis-event.ts';
import type { SourceShard } from './source.ts';

/** A place in a shard: a record of the log, and one of the records that it was put together from. */
export interface Place {
  readonly index: number;
  readonly sub: number;
}

/** A record for the function. */
export interface Item {
  readonly place: Place;
  readonly arrivalMs: number;
  readonly record: KinesisEventRecord;
}

/** The items from a place to before another. */
export interface Range {
  readonly from: Place;
  readonly to: Place;
}

export interface ItemSource {
  readonly log: ShardLog;
  readonly shard: SourceShard;
  readonly source: EventSource;
  readonly filter: RecordFilter;
  readonly hashKeys: HashKeyRange;
  /** Which of how many parts of the shard's partition keys. */
  readonly lane: { readonly number: number; readonly of: number };
  /** What is older has expired. */
  oldestMs(): number;
}

const page = { maxRecords: 10_000, maxBytes: 1 << 20 };

export function readPage({ log, shard }: ItemSource, index: number): ReadOutcome | Promise<ReadOutcome> {
  return log.read(shard.logId, index, page);
}

export function isBefore(one: Place, other: Place): boolean {
  return one.index < other.index || (one.index === other.index && one.sub < other.sub);
}

/** What the function is to get of a record of the log, from a part of it on. */
export function itemsOf(from: ItemSource, stored: StoredRecord, firstSub: number): Item[] {
  const { index, arrivalMs, partitionKey, data } = stored;
  const { shard, source, filter, hashKeys, lane } = from;
  if (arrivalMs < from.oldestMs()) return [];
  const sequenceNumber = shard.sequenceNumber(index, arrivalMs);
  return deaggregate({ partitionKey, data }, { within: hashKeys })
    .filter((one) => one.subSequenceNumber >= firstSub && laneOf(one.partitionKey, lane.of) === lane.number)
    .map((one) => ({
      place: { index, sub: one.subSequenceNumber },
      arrivalMs,
      record: kinesisEventRecord(source, { ...one, sequenceNumber, arrivalMs }),
    }))
    .filter(({ record }) => filter(record));
}

/** A partition key's records are all in one lane. */
function laneOf(partitionKey: string, lanes: number): number {
  return lanes === 1 ? 0 : crc32(partitionKey) % lanes;
}

/** The items of a range, read anew: between two attempts nothing of a batch is held. What has expired since is left out. */
export async function itemsIn(from: ItemSource, range: Range): Promise<Item[]> {
  const items: Item[] = [];
  let { index, sub } = range.from;
  while (isBefore({ index, sub }, range.to)) {
    const { records, nextIndex } = await readPage(from, index);
    for (const record of records) {
      if (record.index > range.to.index) return items;
      const own = itemsOf(from, record, record.index === range.from.index ? sub : 0);
      items.push(...own.filter(({ place }) => isBefore(place, range.to)));
    }
    if (nextIndex <= index) break;
    index = nextIndex;
    sub = 0;
  }
  return items;
}

/** About what an item takes of an invocation's payload. */
export function payloadBytes({ record }: Item): number {
  const { kinesis, invokeIdentityArn, eventSourceARN } = record;
  return 420 + kinesis.data.length + 2 * kinesis.partitionKey.length + invokeIdentityArn.length + eventSourceARN.length;
}
