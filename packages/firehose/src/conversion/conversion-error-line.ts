import type { FailedRecord } from '../delivery/failed-record.ts';
import type { SourceShard } from '../source.ts';
import type { TableAddress } from './conversions.ts';

/** Where a record lies in the stream that is read. */
export interface StreamPlace {
  readonly shard: SourceShard;
  readonly index: number;
  readonly arrivalMs: number;
  readonly subSequenceNumber: number | undefined;
}

/**
 * The line of a record that did not convert. Members are those of objects that AWS delivered; its guide of today calls the
 * third and fourth ErrorCode and ErrorMessage.
 */
export function conversionErrorLine(
  { arrivalMs, code, message, data }: FailedRecord,
  endedMs: number,
  { table, place }: { readonly table: TableAddress; readonly place: StreamPlace | undefined },
): string {
  const { catalogId, databaseName, tableName, region, versionId } = table;
  const record = {
    attemptsMade: 1,
    arrivalTimestamp: arrivalMs,
    lastErrorCode: code,
    lastErrorMessage: message,
    attemptEndingTimestamp: endedMs,
    rawData: data.toString('base64'),
    sequenceNumber: place?.shard.sequenceNumber(place.index, place.arrivalMs) ?? null,
    subSequenceNumber: place?.subSequenceNumber ?? null,
    dataCatalogTable: {
      catalogId: catalogId ?? null,
      databaseName,
      tableName,
      region,
      versionId: versionId ?? 'LATEST',
      catalogArn: null,
    },
  };
  return `${JSON.stringify(record)}\n`;
}
