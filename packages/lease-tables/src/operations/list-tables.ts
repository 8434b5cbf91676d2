import type { Handler } from '../service.ts';

const usualLimit = 100;

/** Names in alphabetical order, 100 at a time. */
export const listTables: Handler<'ListTables'> = ({ state }, input, { account, region }) => {
  const names = [...state.tables.values()]
    .filter((table) => table.account === account && table.region === region)
    .map(({ name }) => name)
    .sort()
    .filter((name) => input.ExclusiveStartTableName === undefined || name > input.ExclusiveStartTableName);
  const TableNames = names.slice(0, input.Limit ?? usualLimit);
  const last = TableNames.at(-1);
  return {
    TableNames,
    ...(names.length > TableNames.length && last !== undefined && { LastEvaluatedTableName: last }),
  };
};
