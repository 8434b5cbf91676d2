import type { Machine } from '@millrace/log';
import { AwsError } from '@millrace/model';
import type * as Glue from '@millrace/model/glue';
import { alreadyExists, databaseNotFound, invalidInput, tableNotFound, tooMany } from './errors.ts';
import { databaseBytes, databaseKey, folded, presentVersion, tableBytes } from './state.ts';
import type { CatalogState, Database, Table } from './state.ts';

/** What changes the catalog. Commands are JSON-able; `database` is a databaseKey. */
export type Command =
  | { readonly type: 'CreateDatabase'; readonly database: Omit<Database, 'tables' | 'bytes'> }
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

/**
 * The catalog is in memory: as much as that bears, and more than schemas need. What a caller may write as often as it likes is
 * bounded by bytes, too, as the registry writes all of it at once into its snapshots; AWS counts 100,000 versions of a table.
 */
const most = { databases: 1000, tables: 10_000, versions: 100_000, definitionBytes: 1 << 20, bytes: 64 << 20 };

type StoredDatabase = Omit<Database, 'tables'> & { readonly tables: readonly Table[] };

/** The catalog's part of the registry. */
export const catalogMachine: Machine<CatalogState, Command, Outcome> = {
  name: 'glue',
  version: 1,
  initial: () => ({ databases: new Map(), bytes: 0 }),
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
  restore(snapshot) {
    const databases = new Map(
      (snapshot as StoredDatabase[]).map((database) => [
        databaseKey(database.account, database.region, database.name),
        { ...database, tables: new Map(database.tables.map((table) => [table.name, table])) },
      ]),
    );
    const bytes = [...databases.values()].reduce((sum, database) => sum + databaseBytes(database), 0);
    return { databases, bytes };
  },
};

/** How large a definition is. Throws for one that is too large, by itself or with `bytes` that are there. */
function measure(input: object, bytes: number): number {
  const size = Buffer.byteLength(JSON.stringify(input));
  if (size > most.definitionBytes)
    throw invalidInput(`A definition has at most ${most.definitionBytes} bytes as JSON, not ${size}.`);
  if (bytes + size > most.bytes) throw tooMany('bytes of definitions');
  return size;
}

function applyCommand(state: CatalogState, command: Command): void {
  const { databases } = state;
  if (command.type === 'CreateDatabase') {
    const { account, region, name, input } = command.database;
    const key = databaseKey(account, region, name);
    if (databases.has(key)) throw alreadyExists('Database');
    if (databases.size >= most.databases) throw tooMany('databases');
    const bytes = measure(input, state.bytes);
    databases.set(key, { ...command.database, bytes, tables: new Map() });
    state.bytes += bytes;
    return;
  }
  const database = databases.get(command.database);
  if (database === undefined) throw databaseNotFound(command.database.split(':').slice(2).join(':'));
  if (command.type === 'DeleteDatabase') {
    databases.delete(command.database);
    state.bytes -= databaseBytes(database);
  } else applyToTable(state, database.tables, command);
}

type TableCommand = Extract<Command, { type: 'CreateTable' | 'UpdateTable' | 'DeleteTable' }>;

function applyToTable(state: CatalogState, tables: Map<string, Table>, command: TableCommand): void {
  if (command.type === 'DeleteTable') {
    const table = tables.get(command.name);
    if (table === undefined) throw tableNotFound(command.name);
    tables.delete(command.name);
    state.bytes -= tableBytes(table);
  } else if (command.type === 'CreateTable') {
    const { input, nowMs } = command;
    const name = folded(input.Name);
    if (tables.has(name)) throw alreadyExists('Table');
    if (tables.size >= most.tables) throw tooMany('tables');
    const bytes = measure(input, state.bytes);
    tables.set(name, { name, createMs: nowMs, versions: [{ id: '0', input, updateMs: nowMs, bytes }] });
    state.bytes += bytes;
  } else updateTable(state, tables, command);
}

function updateTable(
  state: CatalogState,
  tables: Map<string, Table>,
  command: Extract<Command, { type: 'UpdateTable' }>,
): void {
  const { input, nowMs, skipsArchive, expectedId } = command;
  const name = folded(input.Name);
  const table = tables.get(name);
  if (table === undefined) throw tableNotFound(name);
  const present = presentVersion(table);
  if (expectedId !== undefined && expectedId !== present.id)
    throw new AwsError('ConcurrentModificationException', `Table ${name} has version ${present.id} by now.`);
  const archived = skipsArchive ? table.versions.slice(0, -1) : table.versions;
  if (archived.length >= most.versions) throw tooMany('table versions');
  const forgotten = skipsArchive ? present.bytes : 0;
  const bytes = measure(input, state.bytes - forgotten);
  const next = { id: `${Number(present.id) + 1}`, input, updateMs: nowMs, bytes };
  tables.set(name, { ...table, versions: [...archived, next] });
  state.bytes += bytes - forgotten;
}
