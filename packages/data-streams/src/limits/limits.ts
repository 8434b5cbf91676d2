/**
 * Rates and quotas as AWS has them, on the server's monotonic clock. With `--limits none` every method lets pass.
 * All throw AwsError with AWS's code and text and take nothing when they refuse.
 */
export interface Limits {
  /** Calls a second of a control-plane operation, by account and region (and stream, where AWS counts by stream): LimitExceededException. */
  call(operation: string, account: string, region: string, streamKey?: string): void;
  /** Takes one record of `bytes` (data and partition key) from a shard's write budget; false when it is spent. */
  takeWrite(logId: number, bytes: number): boolean;
  /** Takes one of a shard's five GetShardIterator calls a second; throws ProvisionedThroughputExceededException. */
  takeIterator(logId: number, shardId: string, streamName: string, account: string): void;
  /** Checks a GetRecords call (5 a second, and the pause after a large answer); throws ProvisionedThroughputExceededException. */
  beginRead(logId: number, shardId: string, streamName: string, account: string): void;
  /** The same for a service that reads a stream by itself: false where it is to come again later. */
  tryRead(logId: number): boolean;
  /** Books what a GetRecords call delivered against the shard's 2 MiB a second. */
  endRead(logId: number, bytes: number): void;
  /** Forgets the buckets of a deleted shard. */
  forget(logId: number): void;
}
