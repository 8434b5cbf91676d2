import type { Checkpoint, Lease, LeaseStore } from './leases/lease.ts';

/**
 * A lease while this worker has it. Renewals and checkpoints are written one after the other, each on the counter of the last:
 * when one finds another counter, somebody else has the lease, and nothing is written any more.
 */
export class HeldLease {
  readonly #store: LeaseStore;
  readonly #gone = new AbortController();
  #lease: Lease;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: LeaseStore, lease: Lease) {
    this.#store = store;
    this.#lease = lease;
  }

  get shardId(): string {
    return this.#lease.shardId;
  }

  get present(): Lease {
    return this.#lease;
  }

  /** Fires when the lease is lost. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  get isHeld(): boolean {
    return !this.#gone.signal.aborted;
  }

  /** False when the lease is lost. Rejects when the store does not answer: then nothing is known. */
  renew(): Promise<boolean> {
    return this.#write({});
  }

  checkpoint(checkpoint: Checkpoint): Promise<boolean> {
    return this.#write({ checkpoint });
  }

  /** Lets the lease go, for others to take at once. */
  async release(): Promise<void> {
    await this.#write({ owner: undefined });
    this.lose();
  }

  lose(): void {
    this.#gone.abort();
  }

  #write(change: { checkpoint?: Checkpoint; owner?: undefined }): Promise<boolean> {
    const written = this.#turn.then(async () => {
      if (!this.isHeld) return false;
      const next = await this.#store.update(this.#lease, change);
      if (next === undefined) this.lose();
      else this.#lease = next;
      return next !== undefined;
    });
    this.#turn = written.catch(() => undefined);
    return written;
  }
}
