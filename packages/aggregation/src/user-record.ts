/** A record as an application puts and gets it, whether it travels alone or with others in one Kinesis record. */
export interface UserRecord {
  /** 1 to 256 characters. */
  readonly partitionKey: string;
  /** A decimal number from 0 to 2^128 − 1 that takes the place of the partition key's MD5. */
  readonly explicitHashKey?: string | undefined;
  readonly data: Uint8Array;
}
