import type {
  S3DestinationConfiguration,
  S3DestinationDescription,
  SplunkDestinationConfiguration,
  SplunkDestinationDescription,
  SplunkDestinationUpdate,
} from '@millrace/model/firehose';
import { invalidArgument } from '../../errors.ts';
import { filledProcessing } from '../../processing/filled-processing.ts';
import { stepsOf } from '../../processing/steps.ts';
import { checkHints } from '../buffering.ts';
import { checkUrl } from '../checked-url.ts';
import { merged } from '../merged.ts';
import { backupOf, checkedS3 } from '../s3/settings.ts';
import { refuseSecrets } from '../secrets.ts';

/** An HTTP event collector of Splunk, and the bucket for what it does not take. */
export interface SplunkDestination {
  readonly type: 'Splunk';
  /** With everything that was left out, the token too, which is sent with each request and told, as AWS does. */
  readonly splunk: Filled & Omit<SplunkDestinationDescription, keyof Filled | 'S3DestinationDescription'>;
  readonly s3: S3DestinationDescription;
}

type Filled = Required<
  Pick<
    SplunkDestinationDescription,
    | 'BufferingHints'
    | 'HECAcknowledgmentTimeoutInSeconds'
    | 'HECEndpoint'
    | 'HECEndpointType'
    | 'HECToken'
    | 'RetryOptions'
    | 'S3BackupMode'
  >
>;

/** AWS's defaults: "5 MB", "60 seconds", "180 seconds", "300 seconds". */
const defaults = {
  BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 60 },
  HECAcknowledgmentTimeoutInSeconds: 180,
  RetryOptions: { DurationInSeconds: 300 },
  S3BackupMode: 'FailedEventsOnly',
} as const;

/** Throws InvalidArgumentException. */
export function createdSplunk(deliveryStream: string, given: SplunkDestinationConfiguration): SplunkDestination {
  const { S3Configuration: s3, HECToken: token, ...splunk } = given;
  return checked(deliveryStream, {
    type: 'Splunk',
    s3: backupOf(s3),
    splunk: {
      ...splunk,
      HECToken: token ?? '',
      BufferingHints: checkHints(splunk.BufferingHints) ?? defaults.BufferingHints,
      HECAcknowledgmentTimeoutInSeconds:
        splunk.HECAcknowledgmentTimeoutInSeconds ?? defaults.HECAcknowledgmentTimeoutInSeconds,
      RetryOptions: { ...defaults.RetryOptions, ...splunk.RetryOptions },
      S3BackupMode: splunk.S3BackupMode ?? defaults.S3BackupMode,
      ProcessingConfiguration: splunk.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
      CloudWatchLoggingOptions: splunk.CloudWatchLoggingOptions ?? { Enabled: false },
    },
  });
}

/** What the update leaves out stays as it is. Throws InvalidArgumentException. */
export function updatedSplunk(
  deliveryStream: string,
  present: SplunkDestination | undefined,
  given: SplunkDestinationUpdate,
): SplunkDestination {
  const { S3Update: s3, BufferingHints: givenHints, ...rest } = given;
  if (present === undefined) {
    const { HECEndpoint: endpoint, HECEndpointType: type } = given;
    if (endpoint === undefined || type === undefined || s3 === undefined)
      throw invalidArgument(
        'HECEndpoint, HECEndpointType and S3Update must be specified where the destination becomes another one.',
      );
    // What of the bucket is missing, backupOf tells.
    const S3Configuration = s3 as S3DestinationConfiguration;
    return createdSplunk(deliveryStream, { ...given, HECEndpoint: endpoint, HECEndpointType: type, S3Configuration });
  }
  const hints = checkHints(givenHints);
  return checked(deliveryStream, {
    ...present,
    ...(s3 !== undefined && { s3: backupOf({ ...present.s3, ...s3 }) }),
    splunk: {
      ...merged(present.splunk, rest),
      RetryOptions: merged(present.splunk.RetryOptions, rest.RetryOptions ?? {}),
      ...(hints !== undefined && { BufferingHints: hints }),
    },
  });
}

function checked(deliveryStream: string, destination: SplunkDestination): SplunkDestination {
  const { splunk, s3 } = destination;
  checkUrl('HECEndpoint', splunk.HECEndpoint);
  refuseSecrets(splunk);
  if (splunk.HECToken === '') throw invalidArgument('HECToken must be specified.');
  // It stands in a header.
  if (!/^[\x21-\x7e]+$/.test(splunk.HECToken)) throw invalidArgument('HECToken has characters that no token has.');
  stepsOf(splunk.ProcessingConfiguration, { destination: destination.type });
  checkedS3(deliveryStream, s3);
  const filled = filledProcessing(splunk.ProcessingConfiguration!, {
    roleArn: s3.RoleARN,
    destination: destination.type,
  });
  return { ...destination, splunk: { ...splunk, ProcessingConfiguration: filled } };
}
