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
  /** Undefined where every record is for the function. */
  readonly filter: RecordFilter | undefined;
  readonly hashKeys: HashKeyRange;
  /** Which of how many parts of the shard's partition keys. */
  readonly lane: { readonly number: number; readonly of: number };
  /** What is older has expired. */
  oldestMs(): number;
}

const mostPageBytes = 1 << 20;
export const mostPageRecords = 10_000;

export function readPage(
  { log, shard }: ItemSource,
  index: number,
  maxRecords: number,
): ReadOutcome | Promise<ReadOutcome> {
  return log.read(shard.logId, index, { maxRecords, maxBytes: mostPageBytes });
}

export function isBefore(one: Place, other: Place): boolean {
  return one.index < other.index || (one.index === other.index && one.sub < other.sub);
}

/** What the function is to get, before it is made an item: where no filter has to look at it, it costs next to nothing. */
export interface Part {
  readonly place: Place;
  readonly arrivalMs: number;
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

/** What the function is to get of a record of the log, from a part of it on. */
export function partsOf(from: ItemSource, stored: StoredRecord, firstSub: number): Part[] {
  const { index, arrivalMs, partitionKey, data } = stored;
  const { filter, hashKeys, lane } = from;
  if (arrivalMs < from.oldestMs()) return [];
  const parts = deaggregate({ partitionKey, data }, { within: hashKeys })
    .filter((one) => one.subSequenceNumber >= firstSub && laneOf(one.partitionKey, lane.of) === lane.number)
    .map((one) => ({
      place: { index, sub: one.subSequenceNumber },
      arrivalMs,
      partitionKey: one.partitionKey,
      data: one.data,
    }));
  return filter === undefined ? parts : parts.filter((part) => filter(itemOf(from, part).record, part.data));
}

export function itemOf({ shard, source }: ItemSource, { place, arrivalMs, partitionKey, data }: Part): Item {
  const sequenceNumber = shard.sequenceNumber(place.index, arrivalMs);
  return { place, arrivalMs, record: kinesisEventRecord(source, { partitionKey, data, sequenceNumber, arrivalMs }) };
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
    const { records, nextIndex } = await readPage(from, index, Math.min(range.to.index - index + 1, mostPageRecords));
    for (const record of records) {
      if (record.index > range.to.index) return items;
      const own = partsOf(from, record, record.index === range.from.index ? range.from.sub : 0);
      for (const part of own) if (isBefore(part.place, range.to)) items.push(itemOf(from, part));
    }
    if (nextIndex <= index) break;
    index = nextIndex;
    sub = 0;
  }
  return items;
}

/** What stands around a record's key and data in an event, at most. */
const mostMembersBytes = 420;
/** Of text that needs no escapes in JSON and takes a byte a letter. */
const plain = /^[ !#-[\]-~]*$/;

/** About what a part takes of an invocation's payload, and never less. */
export function payloadBytes({ source }: ItemSource, { partitionKey, data }: Part): number {
  const { roleArn, sourceArn } = source;
  const keyBytes = plain.test(partitionKey) ? partitionKey.length : Buffer.byteLength(JSON.stringify(partitionKey));
  return mostMembersBytes + 4 * Math.ceil(data.length / 3) + keyBytes + roleArn.length + sourceArn.length;
}
