import type { DatabaseSync } from 'node:sqlite';
import { changed } from '@millrace/consumer';
import type { Lease, LeaseChange, LeaseStore } from '@millrace/consumer';

/**
 * How far a flow has read a stream, in the agent's checkpoint file. The file has one agent, so what a dead one held is free when
 * the next begins.
 */
export class SqliteLeases implements LeaseStore {
  readonly #database: DatabaseSync;
  readonly #flow: string;

  constructor(database: DatabaseSync, flow: string) {
    this.#database = database;
    this.#flow = flow;
  }

  async prepare(): Promise<void> {
    for (const lease of await this.list()) this.#write({ ...lease, owner: undefined, counter: lease.counter + 1 });
  }

  list(): Promise<Lease[]> {
    const rows = this.#database.prepare('select lease from MILLRACE_LEASES where flow = ?').all(this.#flow);
    return Promise.resolve((rows as unknown as { lease: string }[]).map(({ lease }) => parse(lease)));
  }

  get(leaseKey: string): Promise<Lease | undefined> {
    return Promise.resolve(this.#read(leaseKey));
  }

  create(lease: Lease): Promise<void> {
    if (this.#read(lease.leaseKey) === undefined) this.#write(lease);
    return Promise.resolve();
  }

  update(lease: Lease, change: LeaseChange): Promise<Lease | undefined> {
    const present = this.#read(lease.leaseKey);
    if (present?.counter !== lease.counter) return Promise.resolve(undefined);
    const next = changed(present, change);
    this.#write(next);
    return Promise.resolve(next);
  }

  /** The file has one agent: there is nobody to ask. */
  requestHandOver(): Promise<boolean> {
    return Promise.resolve(false);
  }

  remove(lease: Lease): Promise<void> {
    if (this.#read(lease.leaseKey)?.counter === lease.counter)
      this.#database
        .prepare('delete from MILLRACE_LEASES where flow = ? and leaseKey = ?')
        .run(this.#flow, lease.leaseKey);
    return Promise.resolve();
  }

  #read(leaseKey: string): Lease | undefined {
    const row = this.#database
      .prepare('select lease from MILLRACE_LEASES where flow = ? and leaseKey = ?')
      .get(this.#flow, leaseKey) as { lease: string } | undefined;
    return row === undefined ? undefined : parse(row.lease);
  }

  #write(lease: Lease): void {
    this.#database
      .prepare('insert or replace into MILLRACE_LEASES values(?, ?, ?)')
      .run(this.#flow, lease.leaseKey, JSON.stringify(lease));
  }
}

/** What is undefined is not in the JSON, and is undefined again. */
function parse(text: string): Lease {
  const { stream, owner, checkpointOwner, tip, throughputKBps, hashKeyRange, ...rest } = JSON.parse(text) as Lease;
  return { ...rest, stream, owner, checkpointOwner, tip, throughputKBps, hashKeyRange };
}
