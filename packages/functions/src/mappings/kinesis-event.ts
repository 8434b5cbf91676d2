/** A record in the event that a function gets (docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html). */
export interface KinesisEventRecord {
  readonly kinesis: {
    readonly kinesisSchemaVersion: '1.0';
    readonly partitionKey: string;
    readonly sequenceNumber: string;
    /** In base64. */
    readonly data: string;
    /** Seconds, with milliseconds behind the point. */
    readonly approximateArrivalTimestamp: number;
  };
  readonly eventSource: 'aws:kinesis';
  readonly eventVersion: '1.0';
  readonly eventID: string;
  readonly eventName: 'aws:kinesis:record';
  readonly invokeIdentityArn: string;
  readonly awsRegion: string;
  readonly eventSourceARN: string;
}

export interface EventSource {
  readonly shardId: string;
  readonly sourceArn: string;
  readonly region: string;
  /** The function's role. */
  readonly roleArn: string;
}

export function kinesisEventRecord(
  { shardId, sourceArn, region, roleArn }: EventSource,
  record: { partitionKey: string; data: Uint8Array; sequenceNumber: string; arrivalMs: number },
): KinesisEventRecord {
  const { partitionKey, data, sequenceNumber, arrivalMs } = record;
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey,
      sequenceNumber,
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
      approximateArrivalTimestamp: arrivalMs / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shardId}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: roleArn,
    awsRegion: region,
    eventSourceARN: sourceArn,
  };
}
