import type {
  BufferingHints,
  DynamicPartitioningConfiguration,
  ExtendedS3DestinationDescription,
} from '@millrace/model/firehose';
import { prefixKeys } from '../../delivery/object-name.ts';
import { invalidArgument } from '../../errors.ts';
import type { Steps } from '../../processing/steps.ts';

type Partitioned = Partial<
  Pick<ExtendedS3DestinationDescription, 'BufferingHints' | 'DynamicPartitioningConfiguration' | 'Prefix'>
>;

/** The least that AWS takes here: all partitions share a buffer. */
const leastMebibytes = 64;
export const defaultPartitionedHints: BufferingHints = { SizeInMBs: leastMebibytes, IntervalInSeconds: 300 };
/** "The default value is 300 (5 minutes)." */
const defaultRetrySeconds = 300;

export function isPartitioned({ DynamicPartitioningConfiguration: partitioning }: Partitioned): boolean {
  return partitioning?.Enabled === true;
}

/** What a request says of partitioning, with what it left out: as it is at present, or by default. */
export function partitioningOf(
  { DynamicPartitioningConfiguration: given }: Partitioned,
  { DynamicPartitioningConfiguration: present }: Partitioned = {},
): {
  readonly DynamicPartitioningConfiguration?: DynamicPartitioningConfiguration;
} {
  if (given === undefined) return {};
  const enabled = given.Enabled ?? present?.Enabled ?? false;
  const retrySeconds =
    given.RetryOptions?.DurationInSeconds ?? present?.RetryOptions?.DurationInSeconds ?? defaultRetrySeconds;
  return {
    DynamicPartitioningConfiguration: {
      Enabled: enabled,
      ...(enabled && { RetryOptions: { DurationInSeconds: retrySeconds } }),
    },
  };
}

/** Refuses partitioning without keys, and keys without partitioning. Texts in which AWS is quoted are AWS's. */
export function checkPartitioning(destination: Partitioned, steps: Steps): void {
  const keys = prefixKeys(destination.Prefix);
  if (!isPartitioned(destination)) {
    if (keys.length > 0)
      throw invalidArgument(
        'Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled.',
      );
    return;
  }
  if (keys.length === 0)
    throw invalidArgument(
      'S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled',
    );
  for (const { from, name } of keys) {
    const made = from === 'query' ? steps.query : steps.lambda;
    if (made === undefined)
      throw invalidArgument(
        `Prefix has the partition key ${name}, but no processor ${from === 'query' ? 'MetadataExtraction' : 'Lambda'} makes it.`,
      );
  }
  if (steps.query !== undefined && !keys.some(({ from }) => from === 'query'))
    throw invalidArgument('Prefix must have a partition key of the processor MetadataExtraction.');
  const { SizeInMBs: size, IntervalInSeconds: interval } = destination.BufferingHints!;
  if (size! < leastMebibytes)
    throw invalidArgument(
      `BufferingHints.SizeInMBs must be at least ${leastMebibytes} when Dynamic Partitioning is enabled.`,
    );
  if (interval === 0) throw invalidArgument('Zero buffering feature is not available for dynamic partitioning.');
}
