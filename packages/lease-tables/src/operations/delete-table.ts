import { describeTable } from '../describe.ts';
import { validation } from '../errors.ts';
import { findNamedTable } from '../service.ts';
import type { Handler } from '../service.ts';
import { tableKey } from '../state.ts';

/** The table and all its items, at once. */
export const deleteTable: Handler<'DeleteTable'> = async (service, input, caller) => {
  const table = findNamedTable(service, input.TableName, caller);
  if (table.isProtected)
    throw validation(
      `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`,
    );
  const TableDescription = describeTable(table, service.world.clock.now(), 'DELETING');
  await service.change({ type: 'DeleteTable', table: tableKey(caller.account, caller.region, table.name) });
  return { TableDescription };
};
