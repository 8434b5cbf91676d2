import type {
  HttpEndpointDestinationConfiguration,
  HttpEndpointDestinationDescription,
  HttpEndpointDestinationUpdate,
  S3DestinationConfiguration,
  S3DestinationDescription,
} from '@millrace/model/firehose';
import { invalidArgument } from '../../errors.ts';
import { filledProcessing } from '../../processing/filled-processing.ts';
import { stepsOf } from '../../processing/steps.ts';
import { checkHints, defaultHints } from '../buffering.ts';
import { checkUrl } from '../checked-url.ts';
import { merged } from '../merged.ts';
import { backupOf, checkedS3 } from '../s3/settings.ts';
import { refuseSecrets } from '../secrets.ts';

/** An HTTP endpoint, and the bucket for what it does not take. */
export interface HttpDestination {
  readonly type: 'HttpEndpoint';
  readonly http: Omit<HttpEndpointDestinationDescription, 'EndpointConfiguration' | 'S3DestinationDescription'>;
  readonly url: string;
  readonly name: string | undefined;
  /** Sent with each request, never told. */
  readonly accessKey: string | undefined;
  /** For what was not delivered, or for everything. */
  readonly s3: S3DestinationDescription;
}

/** "The default value is 300 (5 minutes)." */
const defaultRetrySeconds = 300;

/** Throws InvalidArgumentException. */
export function createdHttp(deliveryStream: string, given: HttpEndpointDestinationConfiguration): HttpDestination {
  const { EndpointConfiguration: endpoint, S3Configuration: s3, ...http } = given;
  return checked(deliveryStream, {
    type: 'HttpEndpoint',
    url: endpoint.Url,
    name: endpoint.Name,
    accessKey: endpoint.AccessKey,
    s3: backupOf(s3),
    http: {
      ...http,
      BufferingHints: checkHints(http.BufferingHints) ?? defaultHints,
      RetryOptions: { DurationInSeconds: http.RetryOptions?.DurationInSeconds ?? defaultRetrySeconds },
      RequestConfiguration: { ContentEncoding: 'NONE', CommonAttributes: [], ...http.RequestConfiguration },
      ProcessingConfiguration: http.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
      CloudWatchLoggingOptions: http.CloudWatchLoggingOptions ?? { Enabled: false },
      S3BackupMode: http.S3BackupMode ?? 'FailedDataOnly',
    },
  });
}

/** What the update leaves out stays as it is. Throws InvalidArgumentException. */
export function updatedHttp(
  deliveryStream: string,
  present: HttpDestination | undefined,
  given: HttpEndpointDestinationUpdate,
): HttpDestination {
  if (present === undefined) return createdFromUpdate(deliveryStream, given);
  const { EndpointConfiguration: endpoint, S3Update: s3, BufferingHints: givenHints, ...rest } = given;
  const hints = checkHints(givenHints);
  return checked(deliveryStream, {
    ...present,
    ...(endpoint !== undefined && { url: endpoint.Url, name: endpoint.Name, accessKey: endpoint.AccessKey }),
    ...(s3 !== undefined && { s3: backupOf({ ...present.s3, ...s3 }) }),
    http: {
      ...merged(present.http, rest),
      RetryOptions: merged(present.http.RetryOptions!, rest.RetryOptions ?? {}),
      ...(hints !== undefined && { BufferingHints: hints }),
    },
  });
}

function createdFromUpdate(deliveryStream: string, given: HttpEndpointDestinationUpdate): HttpDestination {
  const { EndpointConfiguration: endpoint, S3Update: s3, ...rest } = given;
  if (endpoint === undefined || s3 === undefined)
    throw invalidArgument(
      'EndpointConfiguration and S3Update must be specified where the destination becomes another one.',
    );
  // What of the bucket is missing, backupOf tells.
  const S3Configuration = s3 as S3DestinationConfiguration;
  return createdHttp(deliveryStream, { ...rest, EndpointConfiguration: endpoint, S3Configuration });
}

/** The access key stays with us. */
export function httpDescription({ http, url, name, s3 }: HttpDestination): HttpEndpointDestinationDescription {
  return {
    ...http,
    EndpointConfiguration: { Url: url, ...(name !== undefined && { Name: name }) },
    S3DestinationDescription: s3,
  };
}

function checked(deliveryStream: string, destination: HttpDestination): HttpDestination {
  checkUrl('Url', destination.url);
  // It stands in a header, and who refuses it there tells it.
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(destination.accessKey ?? ''))
    throw invalidArgument('AccessKey has characters that no header can have.');
  refuseSecrets(destination.http);
  stepsOf(destination.http.ProcessingConfiguration);
  checkedS3(deliveryStream, destination.s3);
  const roleArn = destination.http.RoleARN ?? destination.s3.RoleARN;
  const processing = filledProcessing(destination.http.ProcessingConfiguration!, {
    roleArn,
    destination: destination.type,
  });
  return { ...destination, http: { ...destination.http, ProcessingConfiguration: processing } };
}
