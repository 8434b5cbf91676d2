import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import type { ConsumedRecord, ConsumerSettings } from './options.ts';
import { streamReference } from './shards.ts';

/** PutRecords takes 500 records and 5 MiB, or 10: the smaller bound holds everywhere, and one record is always within it. */
const mostRecords = 500;
const mostBytes = 4 << 20;

/**
 * Puts records into the dead-letter stream, as they came and under their own keys, each on its own. Resolves when all of them are
 * there; rejects on the first answer that refuses one: then some may be there already, and will be there twice.
 */
export async function putDeadLetters(
  { client, deadLetterStream }: Pick<ConsumerSettings, 'client' | 'deadLetterStream'>,
  records: readonly ConsumedRecord[],
): Promise<void> {
  if (deadLetterStream === undefined) throw new TypeError('a dead-letter verdict needs the option deadLetterStream');
  let batch: PutRecordsRequestEntry[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    let left = batch;
    while (left.length > 0) {
      const answer = await client.send(new PutRecordsCommand({ ...streamReference(deadLetterStream), Records: left }));
      const refused = left.filter((_, index) => answer.Records![index]!.ErrorCode !== undefined);
      // Where the service takes none of them it is asked no further now.
      if (refused.length === left.length)
        throw new Error(`the dead-letter stream takes no records: ${answer.Records![0]!.ErrorCode}`);
      left = refused;
    }
    [batch, bytes] = [[], 0];
  };
  for (const { partitionKey, explicitHashKey, data } of records) {
    const size = data.length + Buffer.byteLength(partitionKey);
    if (batch.length === mostRecords || (batch.length > 0 && bytes + size > mostBytes)) await send();
    batch.push({
      PartitionKey: partitionKey,
      Data: data,
      ...(explicitHashKey !== undefined && { ExplicitHashKey: explicitHashKey }),
    });
    bytes += size;
  }
  await send();
}
