import type { Record as KinesisRecord } from '@millrace/model/kinesis';
import type { StoredRecord } from '@millrace/log';
import { SequenceNumberRun } from './sequence-number.ts';
import type { DataStreams } from './service.ts';
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

/** Reads from an index on. Records that have expired are left out, whatever the log still has. */
export async function readPage(
  service: DataStreams,
  { stream, shard }: { stream: Stream; shard: Shard },
  fromIndex: number,
  limits: { maxRecords: number; maxBytes: number },
): Promise<Page> {
  const read = service.log.read(shard.logId, fromIndex, limits);
  const { records, nextIndex, tailIndex } = read instanceof Promise ? await read : read;
  const now = service.world.clock.now();
  const oldestMs = now - stream.retentionHours * 3_600_000;
  const fresh =
    records.length > 0 && records[0]!.arrivalMs < oldestMs
      ? records.filter(({ arrivalMs }) => arrivalMs >= oldestMs)
      : records;
  const lastArrivalMs = records.at(-1)?.arrivalMs ?? now;
  return {
    records: toKinesis(fresh, shard),
    nextIndex,
    bytes: fresh.reduce((sum, { data, partitionKey }) => sum + data.length + partitionKey.length, 0),
    millisBehindLatest: nextIndex >= tailIndex ? 0 : Math.max(1, now - lastArrivalMs),
    atEnd: shard.closed !== undefined && nextIndex >= shard.closed.endIndex,
  };
}

/** Numbers of consecutive records of one second come from one run. */
function toKinesis(records: readonly StoredRecord[], shard: Shard): KinesisRecord[] {
  const { createdSecond, number: shardNumber } = shard;
  let run: SequenceNumberRun | undefined;
  let runSecond = -1;
  let runNext = -1;
  return records.map(({ index, arrivalMs, partitionKey, data, keyRef }) => {
    const arrivalSecond = Math.floor(arrivalMs / 1000);
    if (run === undefined || arrivalSecond !== runSecond || index !== runNext) {
      run = new SequenceNumberRun({ createdSecond, place: index + 1, arrivalSecond, shardNumber });
      runSecond = arrivalSecond;
    }
    runNext = index + 1;
    const record: KinesisRecord = {
      SequenceNumber: run.take(),
      ApproximateArrivalTimestamp: arrivalMs,
      Data: data,
      PartitionKey: partitionKey,
    };
    if (keyRef !== 0) record.EncryptionType = 'KMS';
    return record;
  });
}
