import type { DatabaseSync } from 'node:sqlite';
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

  create(lease: Lease): Promise<void> {
    if (this.#read(lease.shardId) === undefined) this.#write(lease);
    return Promise.resolve();
  }

  update(lease: Lease, change: LeaseChange): Promise<Lease | undefined> {
    const present = this.#read(lease.shardId);
    if (present?.counter !== lease.counter) return Promise.resolve(undefined);
    const next = { ...present, ...change, counter: present.counter + 1 };
    this.#write(next);
    return Promise.resolve(next);
  }

  remove(lease: Lease): Promise<void> {
    if (this.#read(lease.shardId)?.counter === lease.counter)
      this.#database
        .prepare('delete from MILLRACE_LEASES where flow = ? and shardId = ?')
        .run(this.#flow, lease.shardId);
    return Promise.resolve();
  }

  #read(shardId: string): Lease | undefined {
    const row = this.#database
      .prepare('select lease from MILLRACE_LEASES where flow = ? and shardId = ?')
      .get(this.#flow, shardId) as { lease: string } | undefined;
    return row === undefined ? undefined : parse(row.lease);
  }

  #write(lease: Lease): void {
    this.#database
      .prepare('insert or replace into MILLRACE_LEASES values(?, ?, ?)')
      .run(this.#flow, lease.shardId, JSON.stringify(lease));
  }
}

/** What is undefined is not in the JSON, and is undefined again. */
function parse(text: string): Lease {
  const { owner, hashKeyRange, ...rest } = JSON.parse(text) as Lease;
  return { ...rest, owner, hashKeyRange };
}
