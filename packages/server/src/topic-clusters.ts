import type { SourceTopics } from '@millrace/firehose';
import { openTopic } from '@millrace/topics';
import { readNamedValues } from './named-values.ts';

/**
 * Brokers by a Kafka cluster's name or ARN, as --topic-clusters has them.
 *
 *   clusters = cluster ("," cluster)*
 *   cluster  = (name | arn) "=" broker (";" broker)*
 *   broker   = host ":" port
 *
 * Throws an Error that says what is wrong.
 */
export function readTopicClusters(text: string | undefined): ReadonlyMap<string, readonly string[]> {
  return readNamedValues(text, 'cluster must look like NAME=HOST:PORT;HOST:PORT', (value, name) => {
    const brokers = value.split(';').map((broker) => broker.trim());
    for (const broker of brokers)
      if (!/^[^\s:]+:\d{1,5}$|^\[[\da-fA-F:]+\]:\d{1,5}$/.test(broker))
        throw new Error(`${broker} of ${name} does not look like HOST:PORT`);
    return brokers;
  });
}

/** Topics of the clusters that the operator named, by their ARNs (arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/UUID). */
export function sourceTopics(text: string | undefined): SourceTopics {
  const clusters = readTopicClusters(text);
  const brokersOf = (arn: string): readonly string[] | undefined =>
    clusters.get(arn) ?? clusters.get(arn.split(':')[5]?.split('/')[1] ?? '');
  return {
    has: (arn) => brokersOf(arn) !== undefined,
    open(arn, topic) {
      const brokers = brokersOf(arn);
      if (brokers === undefined) throw new Error(`nobody said where cluster ${arn} is (--topic-clusters)`);
      return openTopic({ brokers, topic, clientId: 'millrace-firehose' });
    },
  };
}
