/** What Firehose's documentation calls the failures of an Iceberg destination, and two it has no word for. */
export type IcebergErrorCode =
  | 'Iceberg.NoSuchTable'
  | 'Iceberg.InvalidTableName'
  | 'Glue.AccessDenied'
  /** The table is one that is not written to: its format version, a type, a transform. */
  | 'Iceberg.UnsupportedTable'
  /** The catalog refused, failed, was not to be reached, or answered what is none. */
  | 'Iceberg.CatalogFailure';

/** Why nothing could be appended. `isRetryable` says that the same may succeed later. */
export class IcebergError extends Error {
  override readonly name = 'IcebergError';
  readonly code: IcebergErrorCode;
  readonly isRetryable: boolean;

  constructor(code: IcebergErrorCode, message: string, options: { isRetryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.isRetryable = options.isRetryable ?? false;
  }
}

/** The table has something that only others can write. */
export function unsupported(message: string): IcebergError {
  return new IcebergError('Iceberg.UnsupportedTable', message);
}
