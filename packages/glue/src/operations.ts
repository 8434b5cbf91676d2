import { checkTableInput, describeDatabase, describeTable, page, refuseOthers } from './describe.ts';
import { invalidInput } from './errors.ts';
import { checkCatalog, findDatabase, findTable, findVersion } from './service.ts';
import type { Handler, Operations } from './service.ts';
import { databaseKey, folded, presentVersion } from './state.ts';

const createDatabase: Handler<'CreateDatabase'> = async (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  const { TargetDatabase, FederatedDatabase, ...rest } = input.DatabaseInput;
  refuseOthers({ TargetDatabase, FederatedDatabase, Tags: input.Tags });
  const { account, region } = caller;
  const database = { account, region, name: folded(rest.Name), createMs: service.world.clock.now(), input: rest };
  await service.change({ type: 'CreateDatabase', database });
  return {};
};

const getDatabase: Handler<'GetDatabase'> = (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  return { Database: describeDatabase(findDatabase(service, input.Name, caller)) };
};

const getDatabases: Handler<'GetDatabases'> = (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  const own = [...service.state.databases.values()]
    .filter(({ account, region }) => account === caller.account && region === caller.region)
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const { items, token } = page(own, input, ({ bytes }) => bytes);
  return { DatabaseList: items.map(describeDatabase), ...(token !== undefined && { NextToken: token }) };
};

/** And its tables, at once. */
const deleteDatabase: Handler<'DeleteDatabase'> = async (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  const { account, region, name } = findDatabase(service, input.Name, caller);
  await service.change({ type: 'DeleteDatabase', database: databaseKey(account, region, name) });
  return {};
};

const createTable: Handler<'CreateTable'> = async (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  const { TableInput: table, OpenTableFormatInput, PartitionIndexes } = input;
  refuseOthers({ OpenTableFormatInput, PartitionIndexes });
  if (table === undefined) throw invalidInput('TableInput is missing.');
  checkTableInput(table);
  const { account, region, name } = findDatabase(service, input.DatabaseName, caller);
  const database = databaseKey(account, region, name);
  await service.change({ type: 'CreateTable', database, input: table, nowMs: service.world.clock.now() });
  return {};
};

const getTable: Handler<'GetTable'> = (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  refuseOthers({ QueryAsOfTime: input.QueryAsOfTime, TransactionId: input.TransactionId });
  const table = findTable(service, { databaseName: input.DatabaseName, name: input.Name }, caller);
  return { Table: describeTable(findDatabase(service, input.DatabaseName, caller), table, presentVersion(table)) };
};

const getTables: Handler<'GetTables'> = (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  refuseOthers({
    Expression: input.Expression,
    QueryAsOfTime: input.QueryAsOfTime,
    TransactionId: input.TransactionId,
  });
  const database = findDatabase(service, input.DatabaseName, caller);
  const all = [...database.tables.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const { items, token } = page(all, input, (table) => presentVersion(table).bytes);
  return {
    TableList: items.map((table) => describeTable(database, table, presentVersion(table))),
    ...(token !== undefined && { NextToken: token }),
  };
};

const updateTable: Handler<'UpdateTable'> = async (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  const { TableInput: table, UpdateOpenTableFormatInput, ViewUpdateAction } = input;
  refuseOthers({ UpdateOpenTableFormatInput, ViewUpdateAction });
  if (table === undefined) throw invalidInput('TableInput is missing.');
  checkTableInput(table);
  const { account, region, name } = findDatabase(service, input.DatabaseName, caller);
  await service.change({
    type: 'UpdateTable',
    database: databaseKey(account, region, name),
    input: table,
    nowMs: service.world.clock.now(),
    skipsArchive: input.SkipArchive ?? false,
    expectedId: input.VersionId,
  });
  return {};
};

const deleteTable: Handler<'DeleteTable'> = async (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  const { account, region, name } = findDatabase(service, input.DatabaseName, caller);
  const database = databaseKey(account, region, name);
  await service.change({ type: 'DeleteTable', database, name: folded(input.Name) });
  return {};
};

const getTableVersion: Handler<'GetTableVersion'> = (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  const { DatabaseName: databaseName, TableName: name } = input;
  const table = findTable(service, { databaseName, name }, caller);
  const version = findVersion(table, input.VersionId);
  const described = describeTable(findDatabase(service, databaseName, caller), table, version);
  return { TableVersion: { Table: described, VersionId: version.id } };
};

/** Newest first. */
const getTableVersions: Handler<'GetTableVersions'> = (service, input, caller) => {
  checkCatalog(input.CatalogId, caller);
  const { DatabaseName: databaseName, TableName: name } = input;
  const table = findTable(service, { databaseName, name }, caller);
  const database = findDatabase(service, databaseName, caller);
  const { items, token } = page(table.versions.toReversed(), input, ({ bytes }) => bytes);
  return {
    TableVersions: items.map((version) => ({ Table: describeTable(database, table, version), VersionId: version.id })),
    ...(token !== undefined && { NextToken: token }),
  };
};

/** The Glue Data Catalog's operations on databases and tables, by name. */
export const glueOperations: { readonly [Name in keyof Operations]: Handler<Name> } = {
  CreateDatabase: createDatabase,
  CreateTable: createTable,
  DeleteDatabase: deleteDatabase,
  DeleteTable: deleteTable,
  GetDatabase: getDatabase,
  GetDatabases: getDatabases,
  GetTable: getTable,
  GetTableVersion: getTableVersion,
  GetTableVersions: getTableVersions,
  GetTables: getTables,
  UpdateTable: updateTable,
};
