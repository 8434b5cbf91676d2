export interface ProducerRecord {
  /** 1 to 256 characters; records of one key are stored in the order of their puts, see `ordered`. */
  readonly partitionKey: string;
  /** Takes the place of the partition key's MD5. */
  readonly explicitHashKey?: string;
  readonly data: Uint8Array | string;
}

export interface PutResult {
  readonly shardId: string;
  /** Records that travelled together share it. */
  readonly sequenceNumber: string;
  /** How many tries it took. */
  readonly attempts: number;
}

/** Counted since the producer was made, but for what is said to be of this moment. */
export interface ProducerMetrics {
  readonly userRecordsPut: number;
  readonly userRecordsStored: number;
  readonly userRecordsFailed: number;
  /** `userRecordsStored` of them travelled in so many. */
  readonly kinesisRecordsStored: number;
  /** Data and partition keys of Kinesis records. */
  readonly bytesStored: number;
  readonly requests: number;
  /** Requests that were not answered, or refused as a whole. */
  readonly requestsFailed: number;
  /** At this moment. */
  readonly requestsUnderWay: number;
  /** Kinesis records that were sent again. */
  readonly retries: number;
  /** Of these, because their shard had taken enough. */
  readonly throttles: number;
  /** At this moment: neither stored nor given up. */
  readonly bufferedRecords: number;
  /** At this moment: their data and keys, and what the producer needs beside. */
  readonly bufferedBytes: number;
  /** How long all records together waited from their put to their first request: by `userRecordsPut`, the mean. */
  readonly bufferingMs: number;
}
