import { validation } from '../errors.ts';
import type { Condition } from '../expressions/condition.ts';
import { parseKeyCondition } from '../expressions/key-condition.ts';
import { filterCondition } from '../legacy.ts';
import { placeholdersOf } from '../write.ts';
import { compareItems, filterOf, findIndex, isInIndex, pageOf, projectionOf, throughIndex } from '../pages.ts';
import { findTable } from '../service.ts';
import type { Handler } from '../service.ts';
import type { KeyNames } from '../state.ts';
import type { QueryInput } from '@millrace/model/dynamodb';

/** Items of one hash key, in the order of their range. */
export const query: Handler<'Query'> = (service, input, caller) => {
  const table = findTable(service, input.TableName, caller);
  const index = findIndex(table, input.IndexName);
  const key = index?.key ?? table.key;
  const placeholders = placeholdersOf(input);
  let isWanted: Condition;
  if (input.KeyConditionExpression !== undefined)
    isWanted = parseKeyCondition(input.KeyConditionExpression, key, placeholders);
  else if (input.KeyConditions === undefined)
    throw validation('Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
  else {
    checkKeyConditions(input.KeyConditions, key);
    isWanted = filterCondition(input.KeyConditions, 'AND');
  }
  const filter = filterOf(input.FilterExpression, input.QueryFilter, input.ConditionalOperator, placeholders);
  const projection = projectionOf(input.ProjectionExpression, input.AttributesToGet, placeholders);
  placeholders.checkUsed();
  const sign = input.ScanIndexForward === false ? -1 : 1;
  const items = [...table.items.values()]
    .filter((item) => isInIndex(item, key) && isWanted(item))
    .map((item) => throughIndex(item, table, index))
    .sort((left, right) => sign * compareItems(left, right, table, index));
  return pageOf({
    table,
    index,
    items,
    sign,
    filter,
    projection,
    limit: input.Limit,
    startKey: input.ExclusiveStartKey,
    isCount: input.Select === 'COUNT',
  });
};

function checkKeyConditions(conditions: NonNullable<QueryInput['KeyConditions']>, { hash, range }: KeyNames): void {
  const names = Object.keys(conditions);
  if (!names.includes(hash) || names.some((name) => name !== hash && name !== range))
    throw validation(`Query condition missed key schema element: ${hash}`);
  if (conditions[hash]!.ComparisonOperator !== 'EQ') throw validation('Query key condition not supported');
}
