import type {
  BufferingHints,
  ExtendedS3DestinationConfiguration,
  ExtendedS3DestinationDescription,
  ExtendedS3DestinationUpdate,
  S3DestinationConfiguration,
  S3DestinationDescription,
} from '@millrace/model/firehose';
import { checkConversion, conversionHints, isConverting, updatedConversion } from '../../conversion/settings.ts';
import { extensionOf } from '../../delivery/compression.ts';
import type { Bucket } from '../../delivery/attempt.ts';
import { checkLength, checkPrefixes } from '../../delivery/object-name.ts';
import { invalidArgument } from '../../errors.ts';
import { filledProcessing } from '../../processing/filled-processing.ts';
import { stepsOf } from '../../processing/steps.ts';
import { checkHints, defaultHints } from '../buffering.ts';
import { checkPartitioning, defaultPartitionedHints, isPartitioned, partitioningOf } from './partitioning-settings.ts';
import { merged } from '../merged.ts';

export interface S3Destination {
  readonly type: 'S3';
  readonly s3: ExtendedS3DestinationDescription;
}

/** A bucket that a new delivery stream is to deliver to, with what was left out. Throws InvalidArgumentException. */
export function createdS3(
  deliveryStream: string,
  given: ExtendedS3DestinationConfiguration,
): ExtendedS3DestinationDescription {
  const { S3BackupConfiguration: backup, ...rest } = given;
  const description: ExtendedS3DestinationDescription = {
    ...rest,
    ...partitioningOf(given),
    BufferingHints: checkHints(given.BufferingHints) ?? hintsOf(given),
    CompressionFormat: given.CompressionFormat ?? 'UNCOMPRESSED',
    EncryptionConfiguration: given.EncryptionConfiguration ?? { NoEncryptionConfig: 'NoEncryption' },
    CloudWatchLoggingOptions: given.CloudWatchLoggingOptions ?? { Enabled: false },
    ProcessingConfiguration: given.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
    S3BackupMode: given.S3BackupMode ?? 'Disabled',
    ...(backup !== undefined && { S3BackupDescription: backupOf(backup) }),
  };
  return checked(deliveryStream, description);
}

/** What AWS fills in, by what becomes of the records. */
function hintsOf(given: ExtendedS3DestinationConfiguration): BufferingHints {
  if (isConverting(given.DataFormatConversionConfiguration)) return conversionHints;
  return isPartitioned(given) ? defaultPartitionedHints : defaultHints;
}

/** The bucket after an update: what that leaves out stays as it is. Throws InvalidArgumentException. */
export function updatedS3(
  deliveryStream: string,
  present: ExtendedS3DestinationDescription | undefined,
  given: ExtendedS3DestinationUpdate,
): ExtendedS3DestinationDescription {
  const { S3BackupUpdate: backup, BufferingHints: givenHints, ...rest } = given;
  if (present === undefined) {
    checkWhole(given);
    const whole = {
      ...given,
      ...(backup !== undefined && { S3BackupConfiguration: backup as S3DestinationConfiguration }),
    };
    return createdS3(deliveryStream, whole);
  }
  if (present.S3BackupMode === 'Enabled' && given.S3BackupMode === 'Disabled')
    throw invalidArgument('S3 backup cannot be disabled once it is enabled.');
  if (isPartitioned(given) && !isPartitioned(present))
    throw invalidArgument('Dynamic partitioning cannot be enabled for a Firehose stream that was created without it.');
  const hints = checkHints(givenHints);
  return checked(deliveryStream, {
    ...merged(present, { ...rest, ...partitioningOf(rest, present) }),
    ...updatedConversion(present.DataFormatConversionConfiguration, rest.DataFormatConversionConfiguration),
    ...(hints !== undefined && { BufferingHints: hints }),
    ...(backup !== undefined && {
      S3BackupDescription: backupOf({ ...present.S3BackupDescription, ...backup } as S3DestinationConfiguration),
    }),
  });
}

/** The part of an extended S3 destination that its older description has. */
export function s3DescriptionOf(destination: ExtendedS3DestinationDescription): S3DestinationDescription {
  const { RoleARN, BucketARN, Prefix, ErrorOutputPrefix, BufferingHints: hints } = destination;
  const { CompressionFormat, EncryptionConfiguration, CloudWatchLoggingOptions } = destination;
  return {
    RoleARN,
    BucketARN,
    ...(Prefix !== undefined && { Prefix }),
    ...(ErrorOutputPrefix !== undefined && { ErrorOutputPrefix }),
    BufferingHints: hints,
    CompressionFormat,
    EncryptionConfiguration,
    ...(CloudWatchLoggingOptions !== undefined && { CloudWatchLoggingOptions }),
  };
}

/** The bucket's name in an ARN like arn:aws:s3:::logs. */
export function bucketOf({ BucketARN: arn }: { readonly BucketARN: string }): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

/** A bucket beside the destination, with what was left out. Throws InvalidArgumentException. */
export function backupOf(backup: S3DestinationConfiguration): S3DestinationDescription {
  // An update may leave out what is there; here nothing is.
  const given: Partial<S3DestinationConfiguration> = backup;
  if (given.RoleARN === undefined || given.BucketARN === undefined)
    throw invalidArgument('S3 backup must have a RoleARN and a BucketARN.');
  return s3DescriptionOf({
    ...backup,
    BufferingHints: checkHints(backup.BufferingHints) ?? defaultHints,
    CompressionFormat: backup.CompressionFormat ?? 'UNCOMPRESSED',
    EncryptionConfiguration: backup.EncryptionConfiguration ?? { NoEncryptionConfig: 'NoEncryption' },
    CloudWatchLoggingOptions: backup.CloudWatchLoggingOptions ?? { Enabled: false },
  });
}

/** Refuses prefixes with which no object could be stored. */
export function checkedS3(deliveryStream: string, destination: Bucket): void {
  checkPrefixes(destination);
  checkLength(deliveryStream, destination, extensionOf(destination));
}

/** Refuses what would be accepted and then not done. */
function checked(
  deliveryStream: string,
  destination: ExtendedS3DestinationDescription,
): ExtendedS3DestinationDescription {
  checkConversion(destination);
  checkedS3(deliveryStream, destination);
  checkPartitioning(
    destination,
    stepsOf(destination.ProcessingConfiguration, { isPartitioned: isPartitioned(destination) }),
  );
  const { S3BackupMode: mode, S3BackupDescription: backup } = destination;
  if (mode === 'Enabled' && backup === undefined)
    throw invalidArgument('S3BackupConfiguration must be specified when S3BackupMode is Enabled.');
  if (backup !== undefined) checkedS3(deliveryStream, backup);
  const processing = destination.ProcessingConfiguration;
  if (processing === undefined) return destination;
  const filled = filledProcessing(processing, { roleArn: destination.RoleARN, destination: 'S3' });
  return { ...destination, ProcessingConfiguration: filled };
}

/** Throws InvalidArgumentException where an update that is all there is leaves out what must be there. */
function checkWhole(
  given: ExtendedS3DestinationUpdate,
): asserts given is ExtendedS3DestinationUpdate & Pick<ExtendedS3DestinationConfiguration, 'BucketARN' | 'RoleARN'> {
  if (given.RoleARN === undefined || given.BucketARN === undefined)
    throw invalidArgument('RoleARN and BucketARN must be specified where the destination becomes another one.');
}
