/** Where a reader of a shard stands, as KCL writes it. */
export interface Checkpoint {
  /** A sequence number, TRIM_HORIZON, LATEST or SHARD_END. */
  readonly sequenceNumber: string;
  /** Of the records that travelled in that one, the last that was processed. */
  readonly subSequenceNumber: number;
}

export const shardEnd: Checkpoint = { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 };

/** Who reads a shard, and how far. Written only where the counter is still the one that was seen. */
export interface Lease {
  readonly shardId: string;
  readonly owner: string | undefined;
  /** Rises with every write by its owner: one that stands still has lost its owner. */
  readonly counter: number;
  readonly checkpoint: Checkpoint;
  readonly parentShardIds: readonly string[];
  readonly hashKeyRange: { readonly start: string; readonly end: string } | undefined;
}

/** What may be written to a lease; absent members stay. */
export interface LeaseChange {
  /** undefined lets the lease go. */
  readonly owner?: string | undefined;
  readonly checkpoint?: Checkpoint;
}

/** Where the leases of an application stand. */
export interface LeaseStore {
  /** Makes what must be there before the first use. Idempotent, by several workers at once too. */
  prepare(): Promise<void>;
  list(): Promise<Lease[]>;
  /** Adds a lease; does nothing where one of that shard is there. */
  create(lease: Lease): Promise<void>;
  /**
   * Writes the change and raises the counter by one, where the counter is `lease.counter`. Answers the lease as it is then, or
   * undefined, having written nothing, where somebody else has written meanwhile.
   */
  update(lease: Lease, change: LeaseChange): Promise<Lease | undefined>;
  /** Removes a lease whose counter is still `lease.counter`. */
  remove(lease: Lease): Promise<void>;
}
