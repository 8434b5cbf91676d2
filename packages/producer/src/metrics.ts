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
