import type {
  RedshiftDestinationConfiguration,
  RedshiftDestinationDescription,
  RedshiftDestinationUpdate,
  S3DestinationConfiguration,
  S3DestinationDescription,
} from '@millrace/model/firehose';
import type { Bucket } from '../../delivery/attempt.ts';
import { checkLength } from '../../delivery/object-name.ts';
import { invalidArgument } from '../../errors.ts';
import { stepsOf } from '../../processing/steps.ts';
import { merged } from '../merged.ts';
import { backupOf, bucketOf, checkedS3 } from '../s3/settings.ts';
import { refuseSecrets } from '../secrets.ts';
import { checkLiteral, copyStatement } from './copy-statement.ts';
import { databaseOf } from './jdbc-url.ts';

/** A database of Redshift, and the bucket that it loads from. */
export interface RedshiftDestination {
  readonly type: 'Redshift';
  readonly redshift: Omit<
    RedshiftDestinationDescription,
    'Username' | 'S3DestinationDescription' | 'S3BackupDescription'
  >;
  readonly username: string;
  /** Sent to the database, never told. */
  readonly password: string;
  /** What the database loads; and what failed. */
  readonly s3: S3DestinationDescription;
  /** For records as they came. */
  readonly backup: S3DestinationDescription | undefined;
}

/** "The default value is 3600 seconds (60 minutes)." */
const defaultRetrySeconds = 3600;

/** Throws InvalidArgumentException. */
export function createdRedshift(deliveryStream: string, given: RedshiftDestinationConfiguration): RedshiftDestination {
  const { Username: username, Password: password, S3Configuration: s3, S3BackupConfiguration: backup, ...rest } = given;
  // First: with a secret there is neither user nor password.
  refuseSecrets(rest);
  if (username === undefined || password === undefined)
    throw invalidArgument('Username and Password must be specified for a Redshift destination.');
  return checked(deliveryStream, {
    type: 'Redshift',
    username,
    password,
    s3: backupOf(s3),
    backup: backup && backupOf(backup),
    redshift: {
      ...rest,
      RetryOptions: { DurationInSeconds: rest.RetryOptions?.DurationInSeconds ?? defaultRetrySeconds },
      ProcessingConfiguration: rest.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
      CloudWatchLoggingOptions: rest.CloudWatchLoggingOptions ?? { Enabled: false },
      S3BackupMode: rest.S3BackupMode ?? 'Disabled',
    },
  });
}

/** What the update leaves out stays as it is. Throws InvalidArgumentException. */
export function updatedRedshift(
  deliveryStream: string,
  present: RedshiftDestination | undefined,
  given: RedshiftDestinationUpdate,
): RedshiftDestination {
  if (present === undefined) return createdFromUpdate(deliveryStream, given);
  const { Username, Password, S3Update: s3, S3BackupUpdate: backup, RetryOptions: retry, ...rest } = given;
  if (present.redshift.S3BackupMode === 'Enabled' && given.S3BackupMode === 'Disabled')
    throw invalidArgument('S3 backup cannot be disabled once it is enabled.');
  const seconds = retry?.DurationInSeconds;
  return checked(deliveryStream, {
    ...present,
    ...(Username !== undefined && { username: Username }),
    ...(Password !== undefined && { password: Password }),
    ...(s3 !== undefined && { s3: backupOf(merged(present.s3, s3)) }),
    ...(backup !== undefined && {
      backup: backupOf(merged((present.backup ?? {}) as S3DestinationDescription, backup)),
    }),
    redshift: {
      ...merged(present.redshift, rest),
      ...(seconds !== undefined && { RetryOptions: { DurationInSeconds: seconds } }),
    },
  });
}

function createdFromUpdate(deliveryStream: string, given: RedshiftDestinationUpdate): RedshiftDestination {
  const { S3Update: s3, S3BackupUpdate: backup, RoleARN, ClusterJDBCURL, CopyCommand, ...rest } = given;
  if (RoleARN === undefined || ClusterJDBCURL === undefined || CopyCommand === undefined || s3 === undefined)
    throw invalidArgument(
      'RoleARN, ClusterJDBCURL, CopyCommand and S3Update must be specified where the destination becomes another one.',
    );
  // What of the buckets is missing, backupOf tells.
  return createdRedshift(deliveryStream, {
    ...{ ...rest, RoleARN, ClusterJDBCURL, CopyCommand },
    S3Configuration: s3 as S3DestinationConfiguration,
    ...(backup !== undefined && { S3BackupConfiguration: backup as S3DestinationConfiguration }),
  });
}

/** The password stays with us. */
export function redshiftDescription(destination: RedshiftDestination): RedshiftDestinationDescription {
  const { redshift, username, s3, backup } = destination;
  return {
    ...redshift,
    Username: username,
    S3DestinationDescription: s3,
    ...(backup !== undefined && { S3BackupDescription: backup }),
  };
}

/** Where manifests lie: "manifests/", those of what was given up "errors/manifests/", behind the prefix. */
export function manifestsOf(s3: S3DestinationDescription, folder: 'manifests/' | 'errors/manifests/'): Bucket {
  return { ...s3, CompressionFormat: 'UNCOMPRESSED', Prefix: `${s3.Prefix ?? ''}${folder}` };
}

/** As COPY and manifests name objects. */
export function s3Url(s3: S3DestinationDescription, key: string): string {
  return `s3://${bucketOf(s3)}/${key}`;
}

/** Refuses what would be accepted and then not done. */
function checked(deliveryStream: string, destination: RedshiftDestination): RedshiftDestination {
  const { redshift, s3, backup } = destination;
  refuseSecrets(redshift);
  databaseOf(redshift.ClusterJDBCURL);
  if (s3.CompressionFormat !== 'GZIP' && s3.CompressionFormat !== 'UNCOMPRESSED')
    throw invalidArgument(
      `The compression format ${s3.CompressionFormat} cannot be specified in S3Configuration because the Amazon Redshift COPY operation that reads from the S3 bucket does not support it.`,
    );
  checkLiteral('Prefix', s3.Prefix);
  checkLiteral('BucketARN', s3.BucketARN);
  checkLiteral('RoleARN', redshift.RoleARN);
  copyStatement(redshift.CopyCommand, redshift.RoleARN, '');
  checkedS3(deliveryStream, s3);
  checkLength(deliveryStream, manifestsOf(s3, 'errors/manifests/'), '');
  if (redshift.S3BackupMode === 'Enabled' && backup === undefined)
    throw invalidArgument('S3BackupConfiguration must be specified where S3BackupMode is Enabled.');
  if (backup !== undefined) checkedS3(deliveryStream, backup);
  stepsOf(redshift.ProcessingConfiguration);
  return destination;
}
