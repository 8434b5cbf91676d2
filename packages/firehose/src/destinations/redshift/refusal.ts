import { DeliveryError } from '../../delivery/delivery-error.ts';
import { StatementRefused } from '../../statement-sender.ts';

/** The codes of "Amazon Redshift data delivery errors" in Firehose's guide, by SQLSTATE. */
const codes: Readonly<Record<string, string>> = {
  '28000': 'AuthenticationFailed',
  '28P01': 'AuthenticationFailed',
  '3D000': 'DatabaseNotFound',
  '42P01': 'TableNotFound',
  '42703': 'ColumnNotFound',
  '42601': 'SyntaxError',
  '42501': 'InsufficientPrivilege',
  '25006': 'ReadOnlyCluster',
  '53100': 'DiskFull',
};

/** Why a COPY was not done, in AWS's codes. */
export function refusalOf(error: unknown): DeliveryError {
  const { message } = error as Error;
  const code = error instanceof StatementRefused ? (codes[error.sqlState] ?? codeOfText(message)) : 'ConnectionFailed';
  return new DeliveryError(`Redshift.${code}`, message, { cause: error });
}

/** What COPY itself finds is an internal error of the database (XX000); only the text says which. */
function codeOfText(message: string): string {
  if (/S3ServiceException.*Status 403/s.test(message)) return 'S3BucketAccessDenied';
  if (/S3ServiceException.*Status 404|prefix .* does not exist/s.test(message)) return 'MissingS3File';
  return 'DataLoadFailed';
}
