import { PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import type { FirehoseClient } from '@aws-sdk/client-firehose';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { Clients } from '../clients.ts';
import type { Destination } from '../configuration/configuration.ts';
import type { Put, PutOutcome } from './destination.ts';

interface Entry {
  readonly ErrorCode?: string | undefined;
  readonly ErrorMessage?: string | undefined;
}

/** Requests to AWS's services, or to what speaks as they do. */
export function putWith(clients: Clients): (destination: Destination) => Put {
  return ({ type, name }) =>
    type === 'stream' ? putToStream(clients.kinesis(), name) : putToDeliveryStream(clients.firehose(), name);
}

/** PutRecords. */
function putToStream(client: KinesisClient, stream: string): Put {
  return async (records) => {
    const { Records = [] } = await client.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: records.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey })),
      }),
    );
    return outcomeOf(Records, records.length);
  };
}

/** PutRecordBatch. */
function putToDeliveryStream(client: FirehoseClient, deliveryStream: string): Put {
  return async (records) => {
    const { RequestResponses = [] } = await client.send(
      new PutRecordBatchCommand({
        DeliveryStreamName: deliveryStream,
        Records: records.map(({ data }) => ({ Data: data })),
      }),
    );
    return outcomeOf(RequestResponses, records.length);
  };
}

/** A record that the answer says nothing of counts as not stored. */
function outcomeOf(entries: readonly Entry[], count: number): PutOutcome {
  const failed: number[] = [];
  for (let at = 0; at < count; at += 1)
    if (entries[at]?.ErrorCode !== undefined || entries[at] === undefined) failed.push(at);
  const first = entries[failed[0] ?? count];
  return { failed, reason: first === undefined ? undefined : `${first.ErrorCode}: ${first.ErrorMessage ?? ''}` };
}
