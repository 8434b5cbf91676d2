import type { Delivery } from '../../delivery/delivery.ts';
import { hintsFrom } from '../buffering.ts';
import type { DestinationKind } from '../kind.ts';
import { createdS3, s3DescriptionOf, updatedS3 } from './settings.ts';
import type { S3Destination } from './settings.ts';

/** S3, by either of the API's two ways to say it. */
export const s3Kind: DestinationKind<S3Destination> = {
  type: 'S3',
  created: ({ DeliveryStreamName: name, ...input }) => {
    const given = input.ExtendedS3DestinationConfiguration ?? input.S3DestinationConfiguration;
    return given && { type: 'S3', s3: createdS3(name, given) };
  },
  updated: (present, { DeliveryStreamName: name, ...input }) => {
    const given = input.ExtendedS3DestinationUpdate ?? input.S3DestinationUpdate;
    return given && { type: 'S3', s3: updatedS3(name, present?.s3, given) };
  },
  // In both of its ways, as AWS does.
  described: ({ s3 }) => ({
    S3DestinationDescription: s3DescriptionOf(s3),
    ExtendedS3DestinationDescription: s3,
  }),
  hints: ({ s3 }) => hintsFrom(s3.BufferingHints),
  metrics: () => 'DeliveryToS3',
  logging: ({ s3 }) => ({ options: s3.CloudWatchLoggingOptions, destination: s3.BucketARN }),
  // Pieces, and the body that they become.
  copies: 2,
  deliver: toS3,
};

async function toS3(delivery: Delivery, { s3 }: S3Destination): Promise<void> {
  const failed = await delivery.storeObject('object', s3, (add) => delivery.process(s3.ProcessingConfiguration, add));
  await delivery.storeFailed('processing-failed', failed);
}
