import type { Outcome } from './outcome.ts';
import type { Item } from './batch.ts';
import type { FailureToSend } from './failure-destinations.ts';

/** `MaximumPayloadSizeExceeded` is AWS's word with Kafka's sources; of Kinesis' it is not known. */
export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded' | 'MaximumPayloadSizeExceeded';

export interface Failure {
  readonly uuid: string;
  readonly requestId: string;
  readonly functionArn: string;
  readonly streamArn: string;
  readonly shardId: string;
  readonly condition: Condition;
  readonly invocations: number;
  /** What the last attempt came to; undefined where records were too old before it. */
  readonly outcome: Outcome | undefined;
  readonly atMs: number;
  readonly objectId: string;
}

/** What a destination is told of a batch, as AWS has it (recorded); a bucket gets the batch too. */
export function failureRecord(failure: Failure, items: readonly Item[]): FailureToSend {
  const { uuid, requestId, functionArn, streamArn, shardId, condition, invocations, outcome, atMs, objectId } = failure;
  const [first, last] = [items[0]!, items.at(-1)!];
  const time = new Date(atMs).toISOString();
  const told = {
    requestContext: { requestId, functionArn, condition, approximateInvokeCount: Math.max(1, invocations) },
    ...(outcome?.type === 'failed' && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: outcome.functionError ?? null,
      },
    }),
    version: '1.0',
    timestamp: time,
    KinesisBatchInfo: {
      shardId,
      startSequenceNumber: first.record.kinesis.sequenceNumber,
      endSequenceNumber: last.record.kinesis.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(first.arrivalMs).toISOString(),
      approximateArrivalOfLastRecord: new Date(last.arrivalMs).toISOString(),
      batchSize: items.length,
      streamArn,
    },
  };
  const day = time.slice(0, 10);
  return {
    text: JSON.stringify(told),
    textWithPayload: JSON.stringify({
      ...told,
      payload: JSON.stringify({ Records: items.map(({ record }) => record) }),
    }),
    objectKey: `aws/lambda/${uuid}/${shardId}/${day.replaceAll('-', '/')}/${time.slice(0, 19).replaceAll(':', '.')}-${objectId}`,
    partitionKey: shardId,
  };
}
