import type { CreateDeliveryStreamInput, MSKSourceDescription } from '@millrace/model/firehose';
import { invalidArgument } from '../errors.ts';
import type { TopicSource } from '../state.ts';
import type { SourceTopics } from './source-topics.ts';

/** The topic that a new delivery stream is to read. Throws InvalidArgumentException. */
export function topicOf(
  topics: SourceTopics,
  { DeliveryStreamType: type, MSKSourceConfiguration: given, ...input }: CreateDeliveryStreamInput,
  { startMs, account }: { readonly startMs: number; readonly account: string },
): TopicSource | undefined {
  if ((type === 'MSKAsSource') !== (given !== undefined))
    throw invalidArgument(
      'MSKSourceConfiguration must be specified when, and only when, DeliveryStreamType is MSKAsSource.',
    );
  if (given === undefined) return undefined;
  if (input.DeliveryStreamEncryptionConfigurationInput !== undefined)
    throw invalidArgument('Server-side encryption is of direct puts only.');
  const { MSKClusterARN: clusterArn, TopicName: topicName } = given;
  if (!topics.has(clusterArn))
    throw invalidArgument(`Millrace was not told where cluster ${clusterArn} is (--topic-clusters).`);
  // No role is assumed: nobody may have read what is another account's.
  if (clusterArn.split(':')[4] !== account) throw invalidArgument(`MSK cluster ${clusterArn} not found.`);
  return {
    clusterArn,
    topicName,
    authentication: given.AuthenticationConfiguration,
    readFromMs: given.ReadFromTimestamp,
    startMs,
  };
}

export function describedTopic({
  clusterArn,
  topicName,
  authentication,
  readFromMs,
  startMs,
}: TopicSource): MSKSourceDescription {
  return {
    MSKClusterARN: clusterArn,
    TopicName: topicName,
    AuthenticationConfiguration: authentication,
    DeliveryStartTimestamp: startMs,
    ...(readFromMs !== undefined && { ReadFromTimestamp: readFromMs }),
  };
}
