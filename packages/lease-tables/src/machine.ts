import { AwsError, outcomeOf } from '@millrace/model';
import type { Outcome } from '@millrace/model';
import type { Machine } from '@millrace/log';
import { tableKey } from './state.ts';
import type { Index, Table, TablesState } from './state.ts';
import type { Item } from './value.ts';
import { planWrite } from './write.ts';
import type { WriteRequest } from './write.ts';

/** What changes tables. Commands are JSON-able; `table` is a tableKey. */
export type Command =
  | {
      readonly type: 'CreateTable';
      readonly table: Omit<Table, 'items' | 'indexes'>;
      readonly indexes: readonly Index[];
    }
  | { readonly type: 'DeleteTable'; readonly table: string }
  | {
      readonly type: 'UpdateTable';
      readonly table: string;
      readonly changes: Partial<Pick<Table, 'attributeTypes' | 'billingMode' | 'throughput' | 'isProtected'>>;
      readonly created: readonly Index[];
      readonly deleted: readonly string[];
    }
  | { readonly type: 'Write'; readonly table: string; readonly request: WriteRequest };

/** A fault of ours travels as a value too: thrown, it would end every start from now on. */
export type TableOutcome = Outcome<Item | undefined> | { readonly fault: unknown };

/** The tables' part of the registry. */
export const leaseTablesMachine: Machine<TablesState, Command, TableOutcome> = {
  name: 'lease-tables',
  version: 1,
  initial: () => ({ tables: new Map() }),
  apply(state, command) {
    try {
      return outcomeOf(() => applyCommand(state, command));
    } catch (fault) {
      return { fault };
    }
  },
  snapshot: ({ tables }) =>
    [...tables.values()].map((table) => ({
      ...table,
      indexes: [...table.indexes.values()],
      items: [...table.items],
    })),
  restore(snapshot) {
    const tables = (
      snapshot as (Omit<Table, 'indexes' | 'items'> & { indexes: Index[]; items: [string, Item][] })[]
    ).map((table): Table => ({ ...table, indexes: byName(table.indexes), items: new Map(table.items) }));
    return { tables: new Map(tables.map((table) => [tableKey(table.account, table.region, table.name), table])) };
  },
};

function byName(indexes: readonly Index[]): Map<string, Index> {
  return new Map(indexes.map((index) => [index.name, index]));
}

function applyCommand({ tables }: TablesState, command: Command): Item | undefined {
  if (command.type === 'CreateTable') {
    const { account, region, name } = command.table;
    const key = tableKey(account, region, name);
    if (tables.has(key)) throw new AwsError('ResourceInUseException', `Table already exists: ${name}`);
    tables.set(key, { ...command.table, indexes: byName(command.indexes), items: new Map() });
    return undefined;
  }
  const table = tables.get(command.table);
  if (table === undefined) throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
  switch (command.type) {
    case 'DeleteTable':
      tables.delete(command.table);
      return undefined;
    case 'UpdateTable':
      Object.assign(table, command.changes);
      for (const name of command.deleted) table.indexes.delete(name);
      for (const index of command.created) table.indexes.set(index.name, index);
      return undefined;
    default: {
      const { text, after, attributes } = planWrite(table, command.request);
      if (after === undefined) table.items.delete(text);
      else table.items.set(text, after);
      return attributes;
    }
  }
}
