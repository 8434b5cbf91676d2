import type { Machine } from '@millrace/log';
import { AwsError } from '@millrace/model';
import type * as Glue from '@millrace/model/glue';
import { alreadyExists, databaseNotFound, tableNotFound, tooMany } from './errors.ts';
import { databaseKey, folded, presentVersion } from './state.ts';
import type { CatalogState, Database, Table } from './state.ts';

/** What changes the catalog. Commands are JSON-able; `database` is a databaseKey. */
export type Command =
  | { readonly type: 'CreateDatabase'; readonly database: Omit<Database, 'tables'> }
  | { readonly type: 'DeleteDatabase'; readonly database: string }
  | { readonly type: 'CreateTable'; readonly database: string; readonly input: Glue.TableInput; readonly nowMs: number }
  | {
      readonly type: 'UpdateTable';
      readonly database: string;
      readonly input: Glue.TableInput;
      readonly nowMs: number;
      /** Whether the version before is forgotten. */
      readonly skipsArchive: boolean;
      /** The version that is to be changed, where the caller says so. */
      readonly expectedId: string | undefined;
    }
  | { readonly type: 'DeleteTable'; readonly database: string; readonly name: string };

/** A refusal travels as a value: the registry's machine must not throw. */
export type Outcome = { readonly refused?: { readonly code: string; readonly message: string } } & {
  readonly fault?: unknown;
};

/** The catalog is in memory: as much as that bears, and more than schemas need. */
const most = { databases: 1000, tables: 10_000, versions: 1000 };

type StoredDatabase = Omit<Database, 'tables'> & { readonly tables: readonly Table[] };

/** The catalog's part of the registry. */
export const catalogMachine: Machine<CatalogState, Command, Outcome> = {
  name: 'glue',
  version: 1,
  initial: () => ({ databases: new Map() }),
  apply(state, command) {
    try {
      applyCommand(state, command);
      return {};
    } catch (error) {
      // A fault of ours changes nothing and is told to the caller; thrown, it would end every start from now on.
      if (!(error instanceof AwsError)) return { fault: error };
      return { refused: { code: error.code, message: error.message } };
    }
  },
  snapshot: ({ databases }): StoredDatabase[] =>
    [...databases.values()].map((database) => ({ ...database, tables: [...database.tables.values()] })),
  restore: (snapshot) => ({
    databases: new Map(
      (snapshot as StoredDatabase[]).map((database) => [
        databaseKey(database.account, database.region, database.name),
        { ...database, tables: new Map(database.tables.map((table) => [table.name, table])) },
      ]),
    ),
  }),
};

function applyCommand({ databases }: CatalogState, command: Command): void {
  if (command.type === 'CreateDatabase') {
    const { account, region, name } = command.database;
    const key = databaseKey(account, region, name);
    if (databases.has(key)) throw alreadyExists('Database');
    if (databases.size >= most.databases) throw tooMany('databases');
    databases.set(key, { ...command.database, tables: new Map() });
    return;
  }
  const database = databases.get(command.database);
  if (database === undefined) throw databaseNotFound(command.database.split(':').slice(2).join(':'));
  const { tables } = database;
  if (command.type === 'DeleteDatabase') databases.delete(command.database);
  else if (command.type === 'DeleteTable') {
    if (!tables.delete(command.name)) throw tableNotFound(command.name);
  } else if (command.type === 'CreateTable') {
    const { input, nowMs } = command;
    const name = folded(input.Name);
    if (tables.has(name)) throw alreadyExists('Table');
    if (tables.size >= most.tables) throw tooMany('tables');
    tables.set(name, { name, createMs: nowMs, versions: [{ id: '0', input, updateMs: nowMs }] });
  } else updateTable(tables, command);
}

function updateTable(tables: Map<string, Table>, command: Extract<Command, { type: 'UpdateTable' }>): void {
  const { input, nowMs, skipsArchive, expectedId } = command;
  const name = folded(input.Name);
  const table = tables.get(name);
  if (table === undefined) throw tableNotFound(name);
  const present = presentVersion(table);
  if (expectedId !== undefined && expectedId !== present.id)
    throw new AwsError('ConcurrentModificationException', `Table ${name} has version ${present.id} by now.`);
  const archived = skipsArchive ? table.versions.slice(0, -1) : table.versions;
  if (archived.length >= most.versions) throw tooMany('table versions');
  const next = { id: `${Number(present.id) + 1}`, input, updateMs: nowMs };
  tables.set(name, { ...table, versions: [...archived, next] });
}
