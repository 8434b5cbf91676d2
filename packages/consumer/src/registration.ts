import {
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  RegisterStreamConsumerCommand,
  ResourceInUseException,
  ResourceNotFoundException,
} from '@aws-sdk/client-kinesis';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { streamReference } from './shards.ts';

/**
 * The ARN of a registered consumer of this name, ACTIVE; registers it where it is not there. Undefined while it becomes so: ask
 * again.
 */
export async function registeredConsumer(
  { client, stream }: { client: Pick<KinesisClient, 'send'>; stream: string },
  ConsumerName: string,
): Promise<string | undefined> {
  const { StreamDescriptionSummary: summary } = await client.send(
    new DescribeStreamSummaryCommand(streamReference(stream)),
  );
  const StreamARN = summary!.StreamARN!;
  try {
    const { ConsumerDescription: found } = await client.send(
      new DescribeStreamConsumerCommand({ StreamARN, ConsumerName }),
    );
    return found!.ConsumerStatus === 'ACTIVE' ? found!.ConsumerARN : undefined;
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  try {
    await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }));
  } catch (error) {
    // Another worker was first.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  return undefined;
}
