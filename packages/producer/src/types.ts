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

/** Counted since the producer was made. */
export interface ProducerMetrics {
  readonly userRecordsPut: number;
  readonly userRecordsStored: number;
  readonly userRecordsFailed: number;
  readonly kinesisRecordsStored: number;
  readonly requests: number;
  readonly retries: number;
  readonly bufferedBytes: number;
}
