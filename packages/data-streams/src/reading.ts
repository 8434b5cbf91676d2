import type { Record as KinesisRecord } from '@millrace/model/kinesis';
import type { ReadOptions, ReadOutcome, StoredRecord } from '@millrace/log';
import type { DataStreams } from './service.ts';
import { sequenceNumbersOf } from './shards.ts';
import type { Shard, Stream } from './state.ts';

/** A piece of a shard as readers get it. */
export interface Page {
  readonly records: KinesisRecord[];
  readonly nextIndex: number;
  /** Data and partition keys. */
  readonly bytes: number;
  /** How far the end of this page is behind the tip of the shard, by the clock; 0 at the tip. */
  readonly millisBehindLatest: number;
  /** True behind the last record of a closed shard. */
  readonly atEnd: boolean;
}

interface Place {
  readonly stream: Stream;
  readonly shard: Shard;
}

/**
 * Reads from an index on; without a promise where the log answers from memory. Records that have expired are left out,
 * whatever the log still has of them.
 */
export function readPage(
  service: DataStreams,
  place: Place,
  fromIndex: number,
  limits: ReadOptions,
): Page | Promise<Page> {
  const read = service.log.read(place.shard.logId, fromIndex, limits);
  return read instanceof Promise
    ? read.then((outcome) => withoutExpired(service, place, outcome, limits))
    : withoutExpired(service, place, read, limits);
}

function withoutExpired(
  service: DataStreams,
  place: Place,
  read: ReadOutcome,
  limits: ReadOptions,
): Page | Promise<Page> {
  const { records, nextIndex } = read;
  const nowMs = service.world.clock.now();
  const oldestMs = nowMs - place.stream.retentionHours * 3_600_000;
  // Arrival times never go down in a shard: the first record tells that none has expired, the last that all have.
  if (records.length === 0 || records[0]!.arrivalMs >= oldestMs) return pageOf(service, place, read, nowMs);
  if (records.at(-1)!.arrivalMs >= oldestMs) {
    const fresh = records.filter(({ arrivalMs }) => arrivalMs >= oldestMs);
    return pageOf(service, place, { ...read, records: fresh }, nowMs);
  }
  return service.log
    .firstAtOrAfter(place.shard.logId, oldestMs)
    .then((index) => readPage(service, place, Math.max(index, nextIndex), limits));
}

function pageOf(
  service: DataStreams,
  { shard }: Place,
  { records, nextIndex, tailIndex }: ReadOutcome,
  nowMs: number,
): Page {
  let bytes = 0;
  for (const { data, partitionKey } of records) bytes += data.length + Buffer.byteLength(partitionKey);
  const lastArrivalMs = records.at(-1)?.arrivalMs ?? nowMs;
  const { closed } = shard;
  return {
    records: toKinesis(records, shard),
    nextIndex,
    bytes,
    millisBehindLatest: nextIndex >= tailIndex ? 0 : Math.max(1, nowMs - lastArrivalMs),
    // A closed shard that the log no longer has was removed with its last record: nothing is to come either.
    atEnd: closed !== undefined && (nextIndex >= closed.endIndex || service.log.status(shard.logId) === undefined),
  };
}

/** Numbers of consecutive records of one second come from one run. */
function toKinesis(records: readonly StoredRecord[], shard: Shard): KinesisRecord[] {
  const numbers = sequenceNumbersOf(shard);
  let runMs = -1;
  let runSecond = -1;
  let runNext = -1;
  return records.map(({ index, arrivalMs, partitionKey, data, keyRef }) => {
    if (arrivalMs !== runMs || index !== runNext) {
      const arrivalSecond = Math.floor(arrivalMs / 1000);
      if (arrivalSecond !== runSecond || index !== runNext) numbers.begin(index + 1, arrivalSecond);
      runMs = arrivalMs;
      runSecond = arrivalSecond;
    }
    runNext = index + 1;
    const record = {
      SequenceNumber: numbers.take(),
      ApproximateArrivalTimestamp: arrivalMs,
      Data: data,
    } as KinesisRecord;
    // No producer can give an empty key: this one gave none, to a stream that distributes by itself. AWS leaves it out.
    if (partitionKey !== '') record.PartitionKey = partitionKey;
    if (keyRef !== 0) record.EncryptionType = 'KMS';
    return record;
  });
}
