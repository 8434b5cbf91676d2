import type * as Glue from '@millrace/model/glue';

/** A table as it was at one time. */
export interface TableVersion {
  /** "0", then one more with each change. */
  readonly id: string;
  readonly input: Glue.TableInput;
  readonly updateMs: number;
  /** Of the input as JSON. */
  readonly bytes: number;
}

export interface Table {
  readonly name: string;
  readonly createMs: number;
  /** Oldest first, the present one last. */
  readonly versions: readonly TableVersion[];
}

export interface Database {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly createMs: number;
  readonly input: Glue.DatabaseInput;
  /** Of the input as JSON, without the tables. */
  readonly bytes: number;
  /** By name. */
  readonly tables: Map<string, Table>;
}

export interface CatalogState {
  /** By databaseKey. */
  readonly databases: Map<string, Database>;
  /** Of all definitions, every version's among them. */
  bytes: number;
}

/** Names are kept in lower case, as Hive has them. */
export function folded(name: string): string {
  return name.toLowerCase();
}

export function databaseKey(account: string, region: string, name: string): string {
  return `${account}:${region}:${folded(name)}`;
}

/** The version that counts. */
export function presentVersion({ versions }: Table): TableVersion {
  return versions.at(-1)!;
}

/** What a table's definitions take, of all its versions. */
export function tableBytes({ versions }: Table): number {
  return versions.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What a database and its tables take. */
export function databaseBytes({ bytes, tables }: Database): number {
  return [...tables.values()].reduce((sum, table) => sum + tableBytes(table), bytes);
}
