import type { Clock } from '@millrace/world';
import type { Checkpoint, Lease, LeaseChange, LeaseStore, Tip } from './leases/lease.ts';

/**
 * A lease while this worker has it. Renewals and checkpoints are written one after the other, each on the counter of the last:
 * when one finds another counter, somebody else has the lease, and nothing is written any more.
 */
export class HeldLease {
  readonly #store: LeaseStore;
  readonly #workerId: string;
  readonly #clock: Clock;
  readonly #gone = new AbortController();
  readonly #asked = new AbortController();
  #lease: Lease;
  #turn: Promise<unknown> = Promise.resolve();
  #writtenMs: number;
  /** Writes that are not answered yet. */
  #waiting = 0;
  /** Whether the last write was answered with an error. */
  #isUnsure = false;

  /** `lease` as it was when this worker took it, just now. */
  constructor(lease: Lease, { store, workerId, clock }: { store: LeaseStore; workerId: string; clock: Clock }) {
    this.#store = store;
    this.#lease = lease;
    this.#workerId = workerId;
    this.#clock = clock;
    this.#writtenMs = clock.monotonicMs();
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

  /** Fires when another worker is to have the lease: what is being done is finished, and then the lease let go. */
  get handOver(): AbortSignal {
    return this.#asked.signal;
  }

  /** False when the lease is lost. Rejects when the store does not answer: then nothing is known. What is being written renews too. */
  renew(throughputKBps: number): Promise<boolean> {
    return this.#waiting > 0 ? Promise.resolve(this.isHeld) : this.#write({ throughputKBps });
  }

  checkpoint(checkpoint: Checkpoint): Promise<boolean> {
    return this.#write({ checkpoint });
  }

  mark(tip: Tip): Promise<boolean> {
    return this.#write({ tip });
  }

  /** Lets the lease go: to who asked for it, or for others to take at once. */
  async release(): Promise<void> {
    const isAsked = this.#lease.checkpointOwner === this.#workerId && this.#lease.owner !== this.#workerId;
    await this.#write(isAsked ? { checkpointOwner: undefined } : { owner: undefined, checkpointOwner: undefined });
    this.lose();
  }

  /** Gives up a lease that could not be written for so long that others may have it. */
  loseAfter(ms: number): void {
    if (this.#clock.monotonicMs() - this.#writtenMs >= ms) this.lose();
  }

  lose(): void {
    this.#gone.abort();
  }

  #write(change: LeaseChange): Promise<boolean> {
    this.#waiting += 1;
    const written = this.#turn.then(async () => {
      if (!this.isHeld) return false;
      const beganMs = this.#clock.monotonicMs();
      const next = await this.#update(change);
      if (next === undefined) {
        this.lose();
        return false;
      }
      this.#lease = next;
      this.#writtenMs = beganMs;
      if (next.checkpointOwner === this.#workerId) this.#asked.abort();
      return true;
    });
    const answered = (): void => void (this.#waiting -= 1);
    this.#turn = written.then(answered, answered);
    return written;
  }

  /** A write whose answer was lost may have been done: then the counter is its own, and the owner still this worker. */
  async #update(change: LeaseChange): Promise<Lease | undefined> {
    const wasUnsure = this.#isUnsure;
    this.#isUnsure = true;
    let next = await this.#store.update(this.#lease, change);
    if (next === undefined && wasUnsure) {
      const present = await this.#store.get(this.#lease.leaseKey);
      const writer = present?.checkpointOwner ?? present?.owner;
      if (present?.counter === this.#lease.counter + 1 && writer === this.#workerId)
        next = await this.#store.update(present, change);
    }
    this.#isUnsure = false;
    return next;
  }
}
