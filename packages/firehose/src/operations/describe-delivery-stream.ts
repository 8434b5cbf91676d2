import { findDeliveryStream } from '../delivery-stream-lookup.ts';
import { describeDestination, destinationId } from '../destinations/destination.ts';
import { typeOf } from '../source.ts';
import type { Handler } from '../handler.ts';
import { describedTopic } from '../topics/topic-settings.ts';

/** A delivery stream has one destination; whoever asks for those behind it gets none. */
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
      ...(stream.topic !== undefined && { Source: { MSKSourceDescription: describedTopic(stream.topic) } }),
      Destinations: hasDestination ? [describeDestination(stream.destination)] : [],
      HasMoreDestinations: false,
    },
  };
};
