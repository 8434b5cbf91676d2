import type * as DynamoDB from '@millrace/model/dynamodb';
import type { World } from '@millrace/world';
import type { Command } from './machine.ts';
import { namedTableNotFound, tableNotFound } from './errors.ts';
import { tableKey } from './state.ts';
import type { Table, TablesState } from './state.ts';

export interface LeaseTables {
  readonly world: World;
  readonly state: TablesState;
  /** How long CREATING and UPDATING last. */
  readonly transitionMs: number;
  /** Logs and applies a command; throws the AwsError that it was refused with. */
  change<Result>(command: Command): Promise<Result>;
}

/** Who calls, from where. */
export interface Caller {
  readonly account: string;
  readonly region: string;
}

/** Input and output of each operation, by name, from the model. */
export type Operations = DynamoDB.Operations;

export type Handler<Name extends keyof Operations> = (
  service: LeaseTables,
  input: Operations[Name]['input'],
  caller: Caller,
) => Operations[Name]['output'] | Promise<Operations[Name]['output']>;

/** A table's name out of a name or an ARN. */
export function tableName(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn.slice(nameOrArn.indexOf('/') + 1) : nameOrArn;
}

/** The table that items are asked of; throws ResourceNotFoundException. */
export function findTable({ state }: LeaseTables, nameOrArn: string, caller: Caller): Table {
  const table = state.tables.get(tableKey(caller.account, caller.region, tableName(nameOrArn)));
  if (table === undefined) throw tableNotFound();
  return table;
}

/** The table that is described or changed itself: the error names it. */
export function findNamedTable({ state }: LeaseTables, nameOrArn: string, caller: Caller): Table {
  const name = tableName(nameOrArn);
  const table = state.tables.get(tableKey(caller.account, caller.region, name));
  if (table === undefined) throw namedTableNotFound(name);
  return table;
}
