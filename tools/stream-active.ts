import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import type { KinesisClient, StreamDescriptionSummary } from '@aws-sdk/client-kinesis';
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the stream's summary when it is ACTIVE; rejects after `timeoutMs`, or with what the client throws. */
export async function streamActive(
  client: KinesisClient,
  stream: string,
  timeoutMs = 120_000,
): Promise<StreamDescriptionSummary> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { StreamDescriptionSummary: summary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: stream }),
    );
    if (summary?.StreamStatus === 'ACTIVE') return summary;
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${stream} to be ACTIVE`);
    await delay(20);
  }
}
