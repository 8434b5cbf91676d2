import type { Registry } from '@millrace/log';
import { AwsError } from '@millrace/model';
import type * as Glue from '@millrace/model/glue';
import type { World } from '@millrace/world';
import { databaseNotFound, invalidInput, tableNotFound, versionNotFound } from './errors.ts';
import type { Command, Outcome } from './machine.ts';
import { databaseKey, folded, presentVersion } from './state.ts';
import type { CatalogState, Database, Table, TableVersion } from './state.ts';

export interface GlueCatalog {
  readonly world: World;
  readonly state: CatalogState;
  /** Logs and applies a command; throws the AwsError that it was refused with. */
  change(command: Command): Promise<void>;
}

/** Who calls, from where. */
export interface Caller {
  readonly account: string;
  readonly region: string;
}

/** Input and output of each operation, by name, from the model. */
export type Operations = Glue.Operations;

export type Handler<Name extends keyof Operations> = (
  service: GlueCatalog,
  input: Operations[Name]['input'],
  caller: Caller,
) => Operations[Name]['output'] | Promise<Operations[Name]['output']>;

/** The service on an open registry, which is the caller's to stop. */
export function openGlueCatalog(options: {
  readonly world: World;
  /** Opened with catalogMachine. */
  readonly registry: Registry<CatalogState, Command, Outcome>;
}): GlueCatalog {
  const { world, registry } = options;
  return {
    world,
    state: registry.state,
    async change(command) {
      const { refused, fault } = await registry.execute(command);
      if (fault !== undefined) throw fault;
      if (refused !== undefined) throw new AwsError(refused.code, refused.message);
    },
  };
}

/** A catalog is an account's own; another's is none of the caller's. Throws InvalidInputException. */
export function checkCatalog(catalogId: string | undefined, { account }: Caller): void {
  if (catalogId !== undefined && catalogId !== account)
    throw invalidInput(`Catalog ${catalogId} is not the catalog of account ${account}.`);
}

/** Throws EntityNotFoundException. */
export function findDatabase({ state }: GlueCatalog, name: string, { account, region }: Caller): Database {
  const database = state.databases.get(databaseKey(account, region, name));
  if (database === undefined) throw databaseNotFound(name);
  return database;
}

/** Throws EntityNotFoundException, for the database too. */
export function findTable(
  service: GlueCatalog,
  { databaseName, name }: { readonly databaseName: string; readonly name: string },
  caller: Caller,
): Table {
  const table = findDatabase(service, databaseName, caller).tables.get(folded(name));
  if (table === undefined) throw tableNotFound(name);
  return table;
}

/** A version by its id; the present one where none is named or it is LATEST, as Firehose calls it. */
export function findVersion(table: Table, id: string | undefined): TableVersion {
  if (id === undefined || id === 'LATEST') return presentVersion(table);
  const version = table.versions.find((one) => one.id === id);
  if (version === undefined) throw versionNotFound(id);
  return version;
}

export interface TableAddress {
  readonly account: string;
  readonly region: string;
  readonly databaseName: string;
  readonly tableName: string;
  /** A version's number, or LATEST, which is what no number means too. */
  readonly versionId: string | undefined;
}

/**
 * The columns of a table, for who converts records by them: names and Hive types; those that partition are no part of the files.
 * Throws the AwsErrors of GetTableVersion, and InvalidInputException for a table without columns.
 */
export function tableColumns(service: GlueCatalog, address: TableAddress): { name: string; type: string }[] {
  const { databaseName, tableName: name, versionId } = address;
  const { input } = findVersion(findTable(service, { databaseName, name }, address), versionId);
  const columns = input.StorageDescriptor?.Columns ?? [];
  if (columns.length === 0) throw invalidInput(`Table ${name} has no columns.`);
  return columns.map((column) => ({ name: column.Name, type: column.Type ?? 'string' }));
}
