/** Where a reader of a shard stands, as KCL writes it. */
export interface Checkpoint {
  /** A sequence number, TRIM_HORIZON, LATEST, AT_TIMESTAMP (of the application's initial position) or SHARD_END. */
  readonly sequenceNumber: string;
  /** Of the records that travelled in that one, the last that was processed. */
  readonly subSequenceNumber: number;
}

export const shardEnd: Checkpoint = { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 };

/**
 * Where a shard that is read from LATEST on was begun, as long as none of its records is checkpointed: the next worker goes on
 * there, and not at a tip of its own.
 */
export interface Tip {
  /** A shard iterator. It needs nobody's clock, but expires after five minutes; its owner writes a newer one in time. */
  readonly iterator: string;
  /** When the shard was begun, in milliseconds since the epoch: where reading goes on when the iterator has expired. */
  readonly sinceMs: number;
}

/** Who reads a shard, and how far. Written only where the counter is still the one that was seen. */
export interface Lease {
  /** The shard's id; where an application has several streams, the stream's identifier and a colon before it, as in KCL. */
  readonly leaseKey: string;
  readonly shardId: string;
  /** ACCOUNT:NAME:CREATION_SECOND where an application has several streams. */
  readonly stream: string | undefined;
  readonly owner: string | undefined;
  /** While the lease is handed over to `owner`: who had it, and finishes what it is at. It alone writes until this is gone. */
  readonly checkpointOwner: string | undefined;
  /** Rises with every write by its owner: one that stands still has lost its owner. */
  readonly counter: number;
  readonly checkpoint: Checkpoint;
  readonly tip: Tip | undefined;
  /** What was read from the shard of late, as its owner last wrote it. */
  readonly throughputKBps: number | undefined;
  /** Shard ids, of the same stream. */
  readonly parentShardIds: readonly string[];
  readonly hashKeyRange: { readonly start: string; readonly end: string } | undefined;
}

/** What may be written to a lease; absent members stay, but for the tip: it goes when a checkpoint is written. */
export interface LeaseChange {
  /** undefined lets the lease go. */
  readonly owner?: string | undefined;
  readonly checkpointOwner?: string | undefined;
  readonly checkpoint?: Checkpoint;
  readonly tip?: Tip;
  readonly throughputKBps?: number;
}

/** Where the leases of an application stand. */
export interface LeaseStore {
  /** Makes what must be there before the first use. Idempotent, by several workers at once too. */
  prepare(): Promise<void>;
  list(): Promise<Lease[]>;
  get(leaseKey: string): Promise<Lease | undefined>;
  /** Adds a lease; does nothing where one of that key is there. */
  create(lease: Lease): Promise<void>;
  /**
   * Writes the change and raises the counter by one, where the counter is `lease.counter`. Answers the lease as it is then, or
   * undefined, having written nothing, where somebody else has written meanwhile.
   */
  update(lease: Lease, change: LeaseChange): Promise<Lease | undefined>;
  /**
   * Asks the owner for a lease: `newOwner` becomes its owner and the present one its checkpoint owner, where the owner is still
   * `lease.owner` and nobody else has asked. The counter stays, as with KCL 3: what the present owner writes goes on to be
   * written, and tells it. False where it is not so any more.
   */
  requestHandOver(lease: Lease, newOwner: string): Promise<boolean>;
  /** Removes a lease whose counter is still `lease.counter`. */
  remove(lease: Lease): Promise<void>;
  /**
   * Makes a worker known to those that share the store, and answers whether one of them assigns the leases to the others: then
   * workers take no more than what is assigned to them. Called every few seconds. A store without it has no such worker.
   */
  report?(worker: WorkerReport): Promise<{ readonly isLed: boolean }>;
}

export interface WorkerReport {
  readonly workerId: string;
  /** In milliseconds since the epoch. */
  readonly nowMs: number;
  /** Monotonic. */
  readonly monotonicMs: number;
}

/** The lease as it is when a change was written. */
export function changed(lease: Lease, change: LeaseChange): Lease {
  const tip = change.checkpoint === undefined ? lease.tip : undefined;
  return { ...lease, tip, ...change, counter: lease.counter + 1 };
}

/** `stream` is the identifier of one of several. */
export function leaseKeyOf(stream: string | undefined, shardId: string): string {
  return stream === undefined ? shardId : `${stream}:${shardId}`;
}
