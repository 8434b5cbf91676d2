import type { Delivery } from '../../delivery/delivery.ts';
import { ObjectSeries } from '../../delivery/object-series.ts';
import { hintsFrom, mostHeld } from '../buffering.ts';
import type { DestinationKind } from '../kind.ts';
import { isPartitioned } from './partitioning-settings.ts';
import { storePartitioned } from './partitioned-delivery.ts';
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
  hints: ({ s3 }) => hintsFrom(s3.BufferingHints, isPartitioned(s3) ? mostHeld : Infinity),
  mostBytes: 128 << 20,
  metrics: () => 'DeliveryToS3',
  logging: ({ s3 }) => ({ options: s3.CloudWatchLoggingOptions, destination: s3.BucketARN }),
  processing: ({ s3 }) => s3.ProcessingConfiguration,
  // Pieces, and the body that they become.
  copies: 2,
  deliver: toS3,
};

async function toS3(delivery: Delivery, { s3 }: S3Destination): Promise<void> {
  await backUp(delivery, s3);
  if (isPartitioned(s3)) return storePartitioned(delivery, s3);
  const objects = new ObjectSeries(delivery, s3);
  try {
    const failed = await delivery.process(s3.ProcessingConfiguration, (records) => objects.add(records));
    await objects.store();
    await delivery.storeFailed('processing-failed', failed);
  } finally {
    objects.discard();
  }
}

/** Everything as it came in, before anything is made of it. */
async function backUp(
  delivery: Delivery,
  { S3BackupMode: mode, S3BackupDescription: backup }: S3Destination['s3'],
): Promise<void> {
  const { attempt } = delivery;
  if (mode !== 'Enabled' || backup === undefined || attempt.isBackedUp) return;
  await delivery.storeObject('backup', backup, (add) => delivery.process(undefined, add));
  attempt.isBackedUp = true;
}
