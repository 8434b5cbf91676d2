import type { FailedRecord } from '../delivery/failed-record.ts';
import type { Keys } from './metadata-extraction.ts';
import type { ProcessingError } from './processing-error.ts';
import type { SourceRecord } from './source-record.ts';

/** A record on its way to its destination. */
export interface ProcessedRecord {
  readonly data: Buffer;
  /** Of the record that it was made from. */
  readonly arrivalMs: number;
  /** The shard of the log that it lies in, its index there, and which of those made from that record this is: never another's. */
  readonly logId: number;
  readonly index: number;
  readonly piece: number;
  /** Where it came in; undefined where nothing is made of what is put directly. Its data are lent as the record's are. */
  readonly source?: SourceRecord;
  /** Whether the source became more than this. */
  readonly isOneOfMany?: boolean;
  /** What it is partitioned by, or sent to its table by; undefined where nothing makes keys. */
  readonly keys?: PartitionKeys;
}

/** A record between two parts of processing: what it became so far. */
export interface RecordPart extends ProcessedRecord {
  readonly source: SourceRecord;
  readonly isOneOfMany: boolean;
}

export interface PartitionKeys {
  readonly query?: Keys;
  readonly lambda?: Keys;
  /** Of Iceberg: the table that a function sends it to, and what is to be done there. */
  readonly table?: Keys;
}

/** A record that stays behind: as it came in, or, where that became several, the part that failed. */
export function failedPart(
  { source, data, isOneOfMany, arrivalMs }: ProcessedRecord,
  { code, message, outputType }: ProcessingError,
  more: Pick<FailedRecord, 'attempts' | 'lambdaArn'> = {},
): FailedRecord {
  const own = isOneOfMany === true || source === undefined ? data : source.data;
  return { arrivalMs, code, message, outputType, data: Buffer.from(own), ...more };
}
