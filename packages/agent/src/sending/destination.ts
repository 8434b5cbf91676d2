/** A record on its way. */
export interface OutgoingRecord {
  readonly data: Buffer;
  /** Of streams only. */
  readonly partitionKey: string | undefined;
}

export interface PutOutcome {
  /** Which of the records, by their places, were not stored. */
  readonly failed: readonly number[];
  /** What the service says of the first of them. */
  readonly reason: string | undefined;
}

/** Where records go: one request for all. Rejects where the request failed as a whole. */
export type Put = (records: readonly OutgoingRecord[]) => Promise<PutOutcome>;
