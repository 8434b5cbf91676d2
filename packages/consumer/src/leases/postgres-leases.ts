import type { Lease, LeaseChange, LeaseStore } from './lease.ts';

/** What is used of a `Pool` or `Client` of the package pg. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

interface Row {
  readonly lease_key: string;
  readonly shard_id: string;
  readonly stream: string | null;
  readonly owner: string | null;
  readonly checkpoint_owner: string | null;
  readonly counter: string;
  readonly checkpoint: string;
  readonly checkpoint_sub: string;
  readonly tip_iterator: string | null;
  readonly tip_since_ms: string | null;
  readonly throughput_kbps: number | null;
  readonly parent_shard_ids: string[];
  readonly starting_hash_key: string | null;
  readonly ending_hash_key: string | null;
}

/** Of two that create a table of one name at once, one is told that something of it is there already. */
const alreadyThere = new Set(['23505', '42P07', '42710']);

/** Leases in a table of PostgreSQL. Writes are conditional on a lease's counter; the database's clock is never asked. */
export class PostgresLeases implements LeaseStore {
  readonly #pool: PostgresPool;
  readonly #table: string;

  /** `table` may name a schema too: `workers.leases`. It is made where it is missing; the schema is not. */
  constructor(pool: PostgresPool, table: string) {
    this.#pool = pool;
    this.#table = table
      .split('.')
      .map((name) => `"${name.replaceAll('"', '""')}"`)
      .join('.');
  }

  async prepare(): Promise<void> {
    try {
      await this.#pool.query(`CREATE TABLE IF NOT EXISTS ${this.#table} (
        lease_key text PRIMARY KEY, shard_id text NOT NULL, stream text, owner text, checkpoint_owner text,
        counter bigint NOT NULL, checkpoint text NOT NULL, checkpoint_sub bigint NOT NULL,
        tip_iterator text, tip_since_ms bigint, throughput_kbps double precision,
        parent_shard_ids text[] NOT NULL, starting_hash_key text, ending_hash_key text)`);
    } catch (error) {
      if (!alreadyThere.has((error as { code?: string }).code ?? '')) throw error;
    }
  }

  async list(): Promise<Lease[]> {
    const { rows } = await this.#pool.query(`SELECT * FROM ${this.#table} ORDER BY lease_key`);
    return (rows as Row[]).map(leaseOf);
  }

  async get(leaseKey: string): Promise<Lease | undefined> {
    const { rows } = await this.#pool.query(`SELECT * FROM ${this.#table} WHERE lease_key = $1`, [leaseKey]);
    return rows.length === 0 ? undefined : leaseOf(rows[0] as Row);
  }

  async create(lease: Lease): Promise<void> {
    const { checkpoint, tip, hashKeyRange } = lease;
    await this.#pool.query(
      `INSERT INTO ${this.#table} (lease_key, shard_id, stream, owner, checkpoint_owner, counter, checkpoint,
        checkpoint_sub, tip_iterator, tip_since_ms, throughput_kbps, parent_shard_ids, starting_hash_key, ending_hash_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (lease_key) DO NOTHING`,
      [
        ...[lease.leaseKey, lease.shardId, lease.stream, lease.owner, lease.checkpointOwner, lease.counter],
        ...[checkpoint.sequenceNumber, checkpoint.subSequenceNumber, tip?.iterator, tip?.sinceMs, lease.throughputKBps],
        ...[lease.parentShardIds, hashKeyRange?.start, hashKeyRange?.end],
      ],
    );
  }

  async update(lease: Lease, change: LeaseChange): Promise<Lease | undefined> {
    const values: unknown[] = [lease.leaseKey, lease.counter];
    const sets = ['counter = counter + 1'];
    const set = (column: string, value: unknown): void => {
      values.push(value);
      sets.push(`${column} = $${values.length}`);
    };
    if ('owner' in change) set('owner', change.owner);
    if ('checkpointOwner' in change) set('checkpoint_owner', change.checkpointOwner);
    if (change.throughputKBps !== undefined) set('throughput_kbps', change.throughputKBps);
    if (change.checkpoint !== undefined) {
      set('checkpoint', change.checkpoint.sequenceNumber);
      set('checkpoint_sub', change.checkpoint.subSequenceNumber);
    }
    if (change.tip !== undefined || change.checkpoint !== undefined) {
      set('tip_iterator', change.tip?.iterator);
      set('tip_since_ms', change.tip?.sinceMs);
    }
    const { rows } = await this.#pool.query(
      `UPDATE ${this.#table} SET ${sets.join(', ')} WHERE lease_key = $1 AND counter = $2 RETURNING *`,
      values,
    );
    return rows.length === 0 ? undefined : leaseOf(rows[0] as Row);
  }

  async requestHandOver({ leaseKey, owner }: Lease, newOwner: string): Promise<boolean> {
    const { rows } = await this.#pool.query(
      `UPDATE ${this.#table} SET owner = $3, checkpoint_owner = owner
        WHERE lease_key = $1 AND owner = $2 AND checkpoint_owner IS NULL RETURNING lease_key`,
      [leaseKey, owner, newOwner],
    );
    return rows.length > 0;
  }

  async remove(lease: Lease): Promise<void> {
    const condition = 'lease_key = $1 AND counter = $2';
    await this.#pool.query(`DELETE FROM ${this.#table} WHERE ${condition}`, [lease.leaseKey, lease.counter]);
  }
}

/** Counters are far below 2^53: they rise a few times a second. */
function leaseOf(row: Row): Lease {
  const { starting_hash_key: start, ending_hash_key: end, tip_iterator: iterator } = row;
  return {
    leaseKey: row.lease_key,
    shardId: row.shard_id,
    stream: row.stream ?? undefined,
    owner: row.owner ?? undefined,
    checkpointOwner: row.checkpoint_owner ?? undefined,
    counter: Number(row.counter),
    checkpoint: { sequenceNumber: row.checkpoint, subSequenceNumber: Number(row.checkpoint_sub) },
    tip: iterator === null ? undefined : { iterator, sinceMs: Number(row.tip_since_ms) },
    throughputKBps: row.throughput_kbps ?? undefined,
    parentShardIds: row.parent_shard_ids,
    hashKeyRange: start === null || end === null ? undefined : { start, end },
  };
}
