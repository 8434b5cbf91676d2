import type * as DynamoDB from '@millrace/model/dynamodb';
import { keySchemaOf } from './schema.ts';
import type { Index, Table } from './state.ts';
import { itemBytes } from './value.ts';

export function tableArn({ account, region, name }: Pick<Table, 'account' | 'region' | 'name'>): string {
  return `arn:aws:dynamodb:${region}:${account}:table/${name}`;
}

/** A table as DescribeTable tells of it at a moment. */
export function describeTable(table: Table, nowMs: number, status?: DynamoDB.TableStatus): DynamoDB.TableDescription {
  const { read, write } = table.throughput;
  const isUpdating = [...table.indexes.values()].some(({ readyMs }) => readyMs > nowMs);
  const usual = table.readyMs > nowMs ? 'CREATING' : isUpdating ? 'UPDATING' : 'ACTIVE';
  let bytes = 0;
  for (const item of table.items.values()) bytes += itemBytes(item);
  return {
    AttributeDefinitions: Object.entries(table.attributeTypes).map(([AttributeName, type]) => ({
      AttributeName,
      AttributeType: type as DynamoDB.ScalarAttributeType,
    })),
    TableName: table.name,
    KeySchema: keySchemaOf(table.key),
    TableStatus: status ?? usual,
    CreationDateTime: table.createdMs,
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: read, WriteCapacityUnits: write },
    TableSizeBytes: bytes,
    ItemCount: table.items.size,
    TableArn: tableArn(table),
    TableId: table.id,
    ...(table.billingMode === 'PAY_PER_REQUEST' && {
      BillingModeSummary: { BillingMode: table.billingMode, LastUpdateToPayPerRequestDateTime: table.createdMs },
    }),
    ...(table.indexes.size > 0 && {
      GlobalSecondaryIndexes: [...table.indexes.values()].map((index) => describeIndex(table, index, nowMs)),
    }),
    DeletionProtectionEnabled: table.isProtected,
  };
}

function describeIndex(table: Table, index: Index, nowMs: number): DynamoDB.GlobalSecondaryIndexDescription {
  const { read, write } = table.throughput;
  return {
    IndexName: index.name,
    KeySchema: keySchemaOf(index.key),
    Projection: index.projection,
    IndexStatus: index.readyMs > nowMs ? 'CREATING' : 'ACTIVE',
    ...(index.readyMs > nowMs && { Backfilling: true }),
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: read, WriteCapacityUnits: write },
    IndexSizeBytes: 0,
    ItemCount: [...table.items.values()].filter((item) => Object.hasOwn(item, index.key.hash)).length,
    IndexArn: `${tableArn(table)}/index/${index.name}`,
  };
}
