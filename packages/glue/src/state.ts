import type * as Glue from '@millrace/model/glue';

/** A table as it was at one time. */
export interface TableVersion {
  /** "0", then one more with each change. */
  readonly id: string;
  readonly input: Glue.TableInput;
  readonly updateMs: number;
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
  /** By name. */
  readonly tables: Map<string, Table>;
}

export interface CatalogState {
  /** By databaseKey. */
  readonly databases: Map<string, Database>;
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
