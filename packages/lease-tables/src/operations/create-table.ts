import type * as DynamoDB from '@millrace/model/dynamodb';
import { validation } from '../errors.ts';
import { describeTable } from '../describe.ts';
import { checkDefinitions, keyNamesOf } from '../schema.ts';
import { findTable } from '../service.ts';
import type { Handler } from '../service.ts';
import type { Index, Table } from '../state.ts';

/** A table, CREATING for a moment. Streams, replicas, encryption keys and tags are taken and do nothing. */
export const createTable: Handler<'CreateTable'> = async (service, input, caller) => {
  const { TableName: name, AttributeDefinitions: definitions, KeySchema: schema } = input;
  if (definitions === undefined || schema === undefined)
    throw validation('One or more parameter values were invalid: AttributeDefinitions and KeySchema must be provided');
  if (input.LocalSecondaryIndexes !== undefined)
    throw validation(
      'One or more parameter values were invalid: Millrace keeps leases: it has no local secondary indexes',
    );
  const billingMode = input.BillingMode ?? 'PROVISIONED';
  const now = service.world.clock.now();
  const readyMs = now + service.transitionMs;
  const table: Omit<Table, 'items' | 'indexes'> = {
    ...caller,
    name,
    id: service.world.random.uuid(),
    createdMs: now,
    readyMs,
    key: keyNamesOf(schema),
    attributeTypes: typesOf(definitions),
    billingMode,
    throughput: throughputOf(billingMode, input.ProvisionedThroughput),
    isProtected: input.DeletionProtectionEnabled ?? false,
  };
  const indexes = (input.GlobalSecondaryIndexes ?? []).map((given) => indexOf(given, readyMs));
  checkDefinitions(table.attributeTypes, [table.key, ...indexes.map(({ key }) => key)]);
  await service.change({
    type: 'CreateTable',
    table: { ...table, account: caller.account, region: caller.region },
    indexes,
  });
  return { TableDescription: describeTable(findTable(service, name, caller), now, 'CREATING') };
};

export function typesOf(definitions: readonly DynamoDB.AttributeDefinition[]): Record<string, string> {
  return Object.fromEntries(definitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
}

export function throughputOf(
  billingMode: DynamoDB.BillingMode,
  given: DynamoDB.ProvisionedThroughput | undefined,
): Table['throughput'] {
  if (billingMode === 'PAY_PER_REQUEST') {
    if (given !== undefined)
      throw validation(
        'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      );
    return { read: 0, write: 0 };
  }
  if (given === undefined)
    throw validation(
      'One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  return { read: given.ReadCapacityUnits, write: given.WriteCapacityUnits };
}

export function indexOf(
  given: Pick<DynamoDB.CreateGlobalSecondaryIndexAction, 'IndexName' | 'KeySchema' | 'Projection'>,
  readyMs: number,
): Index {
  return { name: given.IndexName, key: keyNamesOf(given.KeySchema), projection: given.Projection, readyMs };
}
