import type {
  CreateDeliveryStreamInput,
  DestinationDescription,
  ExtendedS3DestinationDescription,
  UpdateDestinationInput,
} from '@millrace/model/firehose';
import type { Hints } from '../delivery/window.ts';
import { invalidArgument } from '../errors.ts';
import { httpDestination, httpDescription, updatedHttp } from './http-endpoint.ts';
import type { HttpDestination } from './http-endpoint.ts';
import { s3Destination, s3DescriptionOf, updatedS3 } from './s3.ts';

/** Where a delivery stream's records go, with everything that was left out filled in. */
export type Destination = S3Destination | HttpDestination;

export interface S3Destination {
  readonly type: 'S3';
  readonly s3: ExtendedS3DestinationDescription;
}

/** AWS gives every delivery stream one destination, and it this id. */
export const destinationId = 'destinationId-000000000001';

/** What of a request's members names a destination. */
const configured = /Destination(?:Configuration|Update)$/;

/** The destination that a new delivery stream is to have. Throws InvalidArgumentException. */
export function destinationOf(input: CreateDeliveryStreamInput): Destination {
  const member = memberOf(input);
  const { ExtendedS3DestinationConfiguration: extended, S3DestinationConfiguration: plain } = input;
  const s3 = extended ?? plain;
  if (s3 !== undefined) return { type: 'S3', s3: s3Destination(input.DeliveryStreamName, s3) };
  const { HttpEndpointDestinationConfiguration: http } = input;
  if (http !== undefined) return httpDestination(input.DeliveryStreamName, http);
  throw invalidArgument(`Millrace does not deliver by ${member} yet.`);
}

/** The destination after an UpdateDestination: what the update leaves out stays as it is. Throws InvalidArgumentException. */
export function updatedDestination(present: Destination, input: UpdateDestinationInput): Destination {
  const member = memberOf(input);
  const { ExtendedS3DestinationUpdate: extended, S3DestinationUpdate: plain } = input;
  const s3 = extended ?? plain;
  if (s3 !== undefined && present.type === 'S3')
    return { type: 'S3', s3: updatedS3(input.DeliveryStreamName, present.s3, s3) };
  const { HttpEndpointDestinationUpdate: http } = input;
  if (http !== undefined && present.type === 'HttpEndpoint')
    return updatedHttp(input.DeliveryStreamName, present, http);
  throw invalidArgument(`Millrace does not change a destination of type ${present.type} by ${member} yet.`);
}

/** A destination as the API tells it; S3 in both of its ways, as AWS does. */
export function describeDestination(destination: Destination): DestinationDescription {
  if (destination.type === 'HttpEndpoint')
    return { DestinationId: destinationId, HttpEndpointDestinationDescription: httpDescription(destination) };
  const { s3 } = destination;
  return {
    DestinationId: destinationId,
    S3DestinationDescription: s3DescriptionOf(s3),
    ExtendedS3DestinationDescription: s3,
  };
}

/** When a buffer is due. */
export function hintsOf(destination: Destination): Hints {
  const { BufferingHints: hints } = destination.type === 'S3' ? destination.s3 : destination.http;
  return { bytes: hints!.SizeInMBs! << 20, intervalMs: hints!.IntervalInSeconds! * 1000 };
}

function memberOf(input: object): string {
  const named = Object.keys(input).filter((member) => configured.test(member));
  if (named.length !== 1) throw invalidArgument('Exactly one destination configuration is supported for a Firehose');
  return named[0]!;
}
