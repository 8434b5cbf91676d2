import type { FailedRecord } from '../delivery/failed-record.ts';
import type { TableAddress } from './conversions.ts';

/**
 * The line of a record that did not convert. Members are those of objects that AWS delivered; its guide of today calls the
 * third and fourth ErrorCode and ErrorMessage.
 */
export function conversionErrorLine(
  { arrivalMs, code, message, data }: FailedRecord,
  endedMs: number,
  { catalogId, databaseName, tableName, region, versionId }: TableAddress,
): string {
  const record = {
    attemptsMade: 1,
    arrivalTimestamp: arrivalMs,
    lastErrorCode: code,
    lastErrorMessage: message,
    attemptEndingTimestamp: endedMs,
    rawData: data.toString('base64'),
    sequenceNumber: null,
    subSequenceNumber: null,
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
