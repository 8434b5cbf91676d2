import { AwsError } from '@millrace/model';
import { validation } from '../errors.ts';
import { describeTable } from '../describe.ts';
import { checkDefinitions } from '../schema.ts';
import { findNamedTable } from '../service.ts';
import type { Handler } from '../service.ts';
import { keyNames, tableKey } from '../state.ts';
import type { Index } from '../state.ts';
import { indexOf, throughputOf, typesOf } from './create-table.ts';

/** Capacity, protection, and indexes made or removed. */
export const updateTable: Handler<'UpdateTable'> = async (service, input, caller) => {
  const table = findNamedTable(service, input.TableName, caller);
  const now = service.world.clock.now();
  const created: Index[] = [];
  const deleted: string[] = [];
  for (const { Create: create, Delete: remove } of input.GlobalSecondaryIndexUpdates ?? []) {
    if (create !== undefined) {
      if (table.indexes.has(create.IndexName)) throw validation(`Attempting to create an index which already exists`);
      created.push(indexOf(create, now + service.transitionMs));
    }
    if (remove !== undefined) {
      if (!table.indexes.has(remove.IndexName))
        throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
      deleted.push(remove.IndexName);
    }
  }
  const billingMode = input.BillingMode ?? table.billingMode;
  const hasNewThroughput = input.BillingMode !== undefined || input.ProvisionedThroughput !== undefined;
  const kept = [...table.indexes.values()].filter(({ name }) => !deleted.includes(name));
  const keys = [table.key, ...kept.map(({ key }) => key), ...created.map(({ key }) => key)];
  const known = { ...table.attributeTypes, ...typesOf(input.AttributeDefinitions ?? []) };
  // Of an index that went, its attributes go too.
  const wanted = new Set(keys.flatMap(keyNames));
  const attributeTypes = Object.fromEntries(Object.entries(known).filter(([name]) => wanted.has(name)));
  checkDefinitions(attributeTypes, keys);
  await service.change({
    type: 'UpdateTable',
    table: tableKey(caller.account, caller.region, table.name),
    changes: {
      billingMode,
      attributeTypes,
      ...(hasNewThroughput && { throughput: throughputOf(billingMode, input.ProvisionedThroughput) }),
      ...(input.DeletionProtectionEnabled !== undefined && { isProtected: input.DeletionProtectionEnabled }),
    },
    created,
    deleted,
  });
  return { TableDescription: describeTable(table, now, 'UPDATING') };
};
