import { DatabaseSync } from 'node:sqlite';
import type { Checkpoint, CheckpointStore } from './checkpoint-store.ts';

/*
 * FILE_CHECKPOINTS is the Java agent's table, column for column (its SQLiteFileCheckpointStore): either agent goes on where the other
 * stopped. What ours needs beside it has a table of its own, which the Java agent leaves alone.
 */
const schema = `
  create table if not exists FILE_CHECKPOINTS(
    flow text, path text, fileId text, lastModifiedTime bigint, size bigint, offset bigint, lastUpdated datetime,
    primary key (flow, path));
  create table if not exists MILLRACE_FINGERPRINTS(
    flow text, path text, offset bigint, headLength bigint, headHash text, tailLength bigint, tailHash text,
    primary key (flow, path));
  create table if not exists MILLRACE_FLOWS(flow text primary key);
  create table if not exists MILLRACE_LEASES(
    flow text, leaseKey text, lease text,
    primary key (flow, leaseKey));`;

// A fingerprint of another offset is of before the Java agent was here in between: it is not joined.
const select = `
  select c.path, fileId, lastModifiedTime, size, c.offset, headLength, headHash, tailLength, tailHash
  from FILE_CHECKPOINTS c left join MILLRACE_FINGERPRINTS f
    on f.flow = c.flow and f.path = c.path and f.offset = c.offset
  where c.flow = ? order by lastUpdated desc`;

interface Row {
  readonly path: string;
  readonly fileId: string;
  readonly lastModifiedTime: number;
  readonly size: number;
  readonly offset: number;
  readonly headLength: number | null;
  readonly headHash: string;
  readonly tailLength: number;
  readonly tailHash: string;
}

/** It is no SQLite file, is damaged, may not be read or written, or another agent has it. */
export class CheckpointFileError extends Error {
  override readonly name = 'CheckpointFileError';
}

/** SQLITE_BUSY */
const busy = 5;

/** Checkpoints in an SQLite file; its folder must be there. Every save is one transaction, synced. */
export class SqliteCheckpoints implements CheckpointStore {
  readonly #database: DatabaseSync;

  /** Throws a CheckpointFileError. */
  constructor(path: string) {
    try {
      this.#database = new DatabaseSync(path, { timeout: 5000 });
      // Held until the file is closed, or the process dies: two agents would send everything twice.
      this.#database.exec('pragma locking_mode = exclusive; begin exclusive; commit;');
      this.#database.exec(schema);
    } catch (error) {
      const isTaken = (error as { errcode?: number }).errcode === busy;
      const why = isTaken ? 'another agent has it' : (error as Error).message;
      throw new CheckpointFileError(`the checkpoint file ${path} cannot be used: ${why}`, {
        cause: error,
      });
    }
  }

  /** For what stands beside the checkpoints in the same file. */
  get database(): DatabaseSync {
    return this.#database;
  }

  load(flow: string): Promise<Checkpoint[] | undefined> {
    const rows = this.#database.prepare(select).all(flow) as unknown as Row[];
    const hasBegun = this.#database.prepare('select 1 from MILLRACE_FLOWS where flow = ?').get(flow) !== undefined;
    if (rows.length === 0 && !hasBegun) return Promise.resolve(undefined);
    return Promise.resolve(
      rows.map(({ path, fileId, lastModifiedTime, size, offset, headLength, headHash, tailLength, tailHash }) => ({
        path,
        fileId,
        lastModifiedMs: lastModifiedTime,
        size,
        offset,
        fingerprint: headLength === null ? undefined : { headLength, headHash, tailLength, tailHash },
      })),
    );
  }

  save(flow: string, put: readonly Checkpoint[], removedPaths: readonly string[]): Promise<void> {
    const database = this.#database;
    database.exec('begin immediate');
    try {
      database.prepare('insert or ignore into MILLRACE_FLOWS values(?)').run(flow);
      for (const path of removedPaths) this.#remove(flow, path);
      for (const checkpoint of put) this.#put(flow, checkpoint);
      database.exec('commit');
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
    return Promise.resolve();
  }

  /** Forgets what was not written for so many days, but for the paths of files that are there, and the last of the flow. */
  forget(flow: string, { olderThanDays, but }: { olderThanDays: number; but: ReadonlySet<string> }): void {
    const old = this.#database
      .prepare(
        `select path from FILE_CHECKPOINTS where flow = ? and datetime(lastUpdated, ?) < CURRENT_TIMESTAMP
         and lastUpdated < (select max(lastUpdated) from FILE_CHECKPOINTS where flow = ?)`,
      )
      .all(flow, `+${olderThanDays} days`, flow) as unknown as { path: string }[];
    for (const { path } of old) if (!but.has(path)) this.#remove(flow, path);
  }

  close(): void {
    this.#database.close();
  }

  #remove(flow: string, path: string): void {
    for (const table of ['FILE_CHECKPOINTS', 'MILLRACE_FINGERPRINTS'])
      this.#database.prepare(`delete from ${table} where flow = ? and path = ?`).run(flow, path);
  }

  #put(flow: string, { path, fileId, lastModifiedMs, size, offset, fingerprint }: Checkpoint): void {
    this.#database
      .prepare(`insert or replace into FILE_CHECKPOINTS values(?, ?, ?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))`)
      .run(flow, path, fileId, Math.floor(lastModifiedMs), size, offset);
    if (fingerprint === undefined) return;
    const { headLength, headHash, tailLength, tailHash } = fingerprint;
    this.#database
      .prepare('insert or replace into MILLRACE_FINGERPRINTS values(?, ?, ?, ?, ?, ?, ?)')
      .run(flow, path, offset, headLength, headHash, tailLength, tailHash);
  }
}
