import type {
  BufferingHints,
  CreateDeliveryStreamInput,
  ExtendedS3DestinationConfiguration,
  ExtendedS3DestinationDescription,
  ExtendedS3DestinationUpdate,
  S3DestinationConfiguration,
  S3DestinationDescription,
  UpdateDestinationInput,
} from '@millrace/model/firehose';
import { compressors, extensionOf } from './delivery/compression.ts';
import { checkLength, checkPrefixes } from './delivery/object-name.ts';
import { invalidArgument } from './errors.ts';
import { stepsOf } from './processing/steps.ts';

/** AWS gives every delivery stream one destination, and it this id. */
export const destinationId = 'destinationId-000000000001';

const defaultHints: BufferingHints = { SizeInMBs: 5, IntervalInSeconds: 300 };

/** What of a request's members names a destination. */
const configured = /Destination(?:Configuration|Update)$/;

/** The destination that a new delivery stream is to have, with what was left out. Throws InvalidArgumentException. */
export function destinationOf(input: CreateDeliveryStreamInput): ExtendedS3DestinationDescription {
  const given = s3Of(
    input,
    input.ExtendedS3DestinationConfiguration,
    input.S3DestinationConfiguration,
  ) as ExtendedS3DestinationConfiguration;
  const { S3BackupConfiguration: backup, ...rest } = given;
  const description: ExtendedS3DestinationDescription = {
    ...rest,
    BufferingHints: hintsOf(given.BufferingHints) ?? defaultHints,
    CompressionFormat: given.CompressionFormat ?? 'UNCOMPRESSED',
    EncryptionConfiguration: given.EncryptionConfiguration ?? { NoEncryptionConfig: 'NoEncryption' },
    CloudWatchLoggingOptions: given.CloudWatchLoggingOptions ?? { Enabled: false },
    ProcessingConfiguration: given.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
    S3BackupMode: given.S3BackupMode ?? 'Disabled',
    ...(backup !== undefined && { S3BackupDescription: backupOf(backup) }),
  };
  return checked(input, description);
}

/** The destination after an UpdateDestination: what the update leaves out stays as it is. Throws InvalidArgumentException. */
export function updatedDestination(
  present: ExtendedS3DestinationDescription,
  input: UpdateDestinationInput,
): ExtendedS3DestinationDescription {
  const given = s3Of(
    input,
    input.ExtendedS3DestinationUpdate,
    input.S3DestinationUpdate,
  ) as ExtendedS3DestinationUpdate;
  if (present.S3BackupMode === 'Enabled' && given.S3BackupMode === 'Disabled')
    throw invalidArgument('S3 backup cannot be disabled once it is enabled.');
  const { S3BackupUpdate: backup, BufferingHints: givenHints, ...rest } = given;
  const hints = hintsOf(givenHints);
  const named = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return checked(input, {
    ...present,
    ...named,
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

function s3Of(input: object, extended: object | undefined, plain: object | undefined): object {
  const named = Object.keys(input).filter((member) => configured.test(member));
  if (named.length !== 1) throw invalidArgument('Exactly one destination configuration is supported for a Firehose');
  const found = extended ?? plain;
  if (found === undefined) throw invalidArgument(`Millrace does not deliver by ${named[0]} yet.`);
  return found;
}

/** "If you specify a value for one of them, you must also provide a value for the other." */
function hintsOf(hints: BufferingHints | undefined): BufferingHints | undefined {
  if (hints === undefined) return undefined;
  const { SizeInMBs: size, IntervalInSeconds: interval } = hints;
  if (size === undefined && interval === undefined) return undefined;
  if (size === undefined || interval === undefined)
    throw invalidArgument(
      'Either both or neither of SizeInMBs and IntervalInSeconds must be specified in BufferingHints.',
    );
  return { SizeInMBs: size, IntervalInSeconds: interval };
}

function backupOf(backup: S3DestinationConfiguration): S3DestinationDescription {
  // An update may leave out what is there; here nothing is.
  const given: Partial<S3DestinationConfiguration> = backup;
  if (given.RoleARN === undefined || given.BucketARN === undefined)
    throw invalidArgument('S3 backup must have a RoleARN and a BucketARN.');
  return s3DescriptionOf({
    ...backup,
    BufferingHints: hintsOf(backup.BufferingHints) ?? defaultHints,
    CompressionFormat: backup.CompressionFormat ?? 'UNCOMPRESSED',
    EncryptionConfiguration: backup.EncryptionConfiguration ?? { NoEncryptionConfig: 'NoEncryption' },
    CloudWatchLoggingOptions: backup.CloudWatchLoggingOptions ?? { Enabled: false },
  });
}

/** Refuses what would be accepted and then not done. */
function checked(
  { DeliveryStreamName: name }: { readonly DeliveryStreamName: string },
  destination: ExtendedS3DestinationDescription,
): ExtendedS3DestinationDescription {
  checkPrefixes(destination);
  checkLength(name, destination, extensionOf(destination));
  stepsOf(destination.ProcessingConfiguration);
  const missing = [
    [compressors[destination.CompressionFormat] === undefined, `the compression ${destination.CompressionFormat}`],
    [destination.DataFormatConversionConfiguration?.Enabled === true, 'record format conversion'],
    [destination.DynamicPartitioningConfiguration?.Enabled === true, 'dynamic partitioning'],
    [destination.S3BackupMode === 'Enabled', 'S3 backup'],
  ] as const;
  for (const [isWanted, what] of missing) if (isWanted) throw invalidArgument(`Millrace does not have ${what} yet.`);
  return destination;
}
