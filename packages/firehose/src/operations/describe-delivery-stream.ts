import { findDeliveryStream } from '../delivery-stream-lookup.ts';
import { destinationId, s3DescriptionOf } from '../destination.ts';
import { typeOf } from '../source.ts';
import type { Handler } from '../handler.ts';

/** The one destination is described in both of S3's ways, as AWS does. */
export const describeDeliveryStream: Handler<'DescribeDeliveryStream'> = (service, input, context) => {
  const stream = findDeliveryStream(service.state, input.DeliveryStreamName, context);
  const { status, keyType, keyArn } = stream.encryption;
  const hasDestination =
    input.ExclusiveStartDestinationId === undefined || input.ExclusiveStartDestinationId < destinationId;
  return {
    DeliveryStreamDescription: {
      DeliveryStreamName: stream.name,
      DeliveryStreamARN: stream.arn,
      DeliveryStreamStatus: stream.status,
      DeliveryStreamEncryptionConfiguration: {
        Status: status,
        ...(status !== 'DISABLED' && keyType !== undefined && { KeyType: keyType }),
        ...(status !== 'DISABLED' && keyArn !== undefined && { KeyARN: keyArn }),
      },
      DeliveryStreamType: typeOf(stream),
      VersionId: String(stream.version),
      CreateTimestamp: stream.createdMs,
      ...(stream.updatedMs !== undefined && { LastUpdateTimestamp: stream.updatedMs }),
      ...(stream.source !== undefined && {
        Source: {
          KinesisStreamSourceDescription: {
            KinesisStreamARN: stream.source.arn,
            RoleARN: stream.source.roleArn,
            DeliveryStartTimestamp: stream.source.startMs,
          },
        },
      }),
      Destinations: hasDestination
        ? [
            {
              DestinationId: destinationId,
              S3DestinationDescription: s3DescriptionOf(stream.destination),
              ExtendedS3DestinationDescription: stream.destination,
            },
          ]
        : [],
      HasMoreDestinations: false,
    },
  };
};
