import { deaggregate } from '@millrace/aggregation';
import type { StoredRecord } from '@millrace/log';
import type { SourceShard } from '../source.ts';

/** A record as it came in: what a producer of a stream aggregated is taken apart already. */
export interface SourceRecord {
  readonly data: Buffer;
  readonly arrivalMs: number;
  /** Which of the log's records it is in. */
  readonly index: number;
  readonly origin: SourceOrigin;
  /** Of those that a producer of a stream aggregated; undefined where records are put directly. */
  readonly part: { readonly partitionKey: string; readonly subSequenceNumber: number } | undefined;
}

/** Where a page of records was read. */
export interface SourceOrigin {
  readonly logId: number;
  /** Undefined where records are put directly, or the stream is gone. */
  readonly shard: SourceShard | undefined;
}

/** The records in one of the log's. */
export function sourceRecords(record: StoredRecord, origin: SourceOrigin, isFromStream: boolean): SourceRecord[] {
  const { data, arrivalMs, index } = record;
  if (!isFromStream) return [{ data, arrivalMs, index, origin, part: undefined }];
  return deaggregate(record).map((part) => ({ data: viewOf(part.data), arrivalMs, index, origin, part }));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
