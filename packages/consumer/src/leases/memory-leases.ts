import { changed } from './lease.ts';
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

  get(leaseKey: string): Promise<Lease | undefined> {
    return Promise.resolve(this.#leases.get(leaseKey));
  }

  create(lease: Lease): Promise<void> {
    if (!this.#leases.has(lease.leaseKey)) this.#leases.set(lease.leaseKey, lease);
    return Promise.resolve();
  }

  update(lease: Lease, change: LeaseChange): Promise<Lease | undefined> {
    const present = this.#leases.get(lease.leaseKey);
    if (present?.counter !== lease.counter) return Promise.resolve(undefined);
    const next = changed(present, change);
    this.#leases.set(lease.leaseKey, next);
    return Promise.resolve(next);
  }

  requestHandOver({ leaseKey, owner }: Lease, newOwner: string): Promise<boolean> {
    const present = this.#leases.get(leaseKey);
    const isOpen = owner !== undefined && present?.owner === owner && present.checkpointOwner === undefined;
    if (isOpen) this.#leases.set(leaseKey, { ...present, owner: newOwner, checkpointOwner: owner });
    return Promise.resolve(isOpen);
  }

  remove(lease: Lease): Promise<void> {
    if (this.#leases.get(lease.leaseKey)?.counter === lease.counter) this.#leases.delete(lease.leaseKey);
    return Promise.resolve();
  }
}
