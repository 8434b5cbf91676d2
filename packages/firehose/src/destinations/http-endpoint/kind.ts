import { gzipSync } from 'node:zlib';
import type { Delivery } from '../../delivery/delivery.ts';
import { deliverRecords } from '../../delivery/record-delivery.ts';
import { hintsFrom } from '../buffering.ts';
import type { DestinationKind } from '../kind.ts';
import { checkAnswer, requestOf } from './request.ts';
import { createdHttp, httpDescription, updatedHttp } from './settings.ts';
import type { HttpDestination } from './settings.ts';

/** An endpoint that speaks AWS's protocol. */
export const httpEndpointKind: DestinationKind<HttpDestination> = {
  type: 'HttpEndpoint',
  created: ({ DeliveryStreamName: name, HttpEndpointDestinationConfiguration: given }) =>
    given && createdHttp(name, given),
  updated: (present, { DeliveryStreamName: name, HttpEndpointDestinationUpdate: given }) =>
    given && updatedHttp(name, present, given),
  described: (destination) => ({ HttpEndpointDestinationDescription: httpDescription(destination) }),
  hints: ({ http }) => hintsFrom(http.BufferingHints!),
  metrics: () => 'DeliveryToHttpEndpoint',
  logging: ({ http, url }) => ({ options: http.CloudWatchLoggingOptions, destination: url }),
  processing: ({ http }) => http.ProcessingConfiguration,
  // Records, their base64 and the request's text.
  copies: 4,
  deliver: toHttpEndpoint,
};

async function toHttpEndpoint(delivery: Delivery, destination: HttpDestination): Promise<void> {
  const { http } = destination;
  await deliverRecords(delivery, {
    processing: http.ProcessingConfiguration,
    backsUpAll: http.S3BackupMode === 'AllData',
    retrySeconds: http.RetryOptions!.DurationInSeconds!,
    errorOutputType: 'http-endpoint-failed',
    unreachable: 'HttpEndpoint.NetworkFailure',
    async send(records) {
      const { requestId } = delivery.attempt;
      const { world, http: sender } = delivery.service;
      const request = requestOf(
        destination,
        {
          requestId,
          deliveryStreamArn: delivery.stream.arn,
          timestampMs: world.clock.now(),
          records: records.map(({ data }) => data),
        },
        gzipSync,
      );
      checkAnswer(await sender.send({ ...request, signal: delivery.signal }), requestId);
      return [];
    },
  });
}
