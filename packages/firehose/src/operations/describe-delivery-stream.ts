import { findDeliveryStream } from '../delivery-stream-lookup.ts';
import { destinationId, s3DescriptionOf } from '../destination.ts';
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
      DeliveryStreamType: 'DirectPut',
      VersionId: String(stream.version),
      CreateTimestamp: stream.createdMs,
      ...(stream.updatedMs !== undefined && { LastUpdateTimestamp: stream.updatedMs }),
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
