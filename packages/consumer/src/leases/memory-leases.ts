import type { Lease, LeaseChange, LeaseStore } from './lease.ts';

/** Leases of one process: for a single worker, or several in one process, that may begin anew. */
export class MemoryLeases implements LeaseStore {
  readonly #leases = new Map<string, Lease>();

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  list(): Promise<Lease[]> {
    return Promise.resolve([...this.#leases.values()]);
  }

  create(lease: Lease): Promise<void> {
    if (!this.#leases.has(lease.shardId)) this.#leases.set(lease.shardId, lease);
    return Promise.resolve();
  }

  update(lease: Lease, change: LeaseChange): Promise<Lease | undefined> {
    const present = this.#leases.get(lease.shardId);
    if (present?.counter !== lease.counter) return Promise.resolve(undefined);
    const next = { ...present, ...change, counter: present.counter + 1 };
    this.#leases.set(lease.shardId, next);
    return Promise.resolve(next);
  }

  remove(lease: Lease): Promise<void> {
    if (this.#leases.get(lease.shardId)?.counter === lease.counter) this.#leases.delete(lease.shardId);
    return Promise.resolve();
  }
}
