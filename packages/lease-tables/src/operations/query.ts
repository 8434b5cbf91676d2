import { validation } from '../errors.ts';
import { parseCondition } from '../expressions/condition.ts';
import type { Condition } from '../expressions/condition.ts';
import { filterCondition } from '../legacy.ts';
import { placeholdersOf } from '../write.ts';
import { compareItems, filterOf, findIndex, isInIndex, pageOf, projectionOf, throughIndex } from '../pages.ts';
import { findTable } from '../service.ts';
import type { Handler } from '../service.ts';

/** Items of one hash key, in the order of their range. */
export const query: Handler<'Query'> = (service, input, caller) => {
  const table = findTable(service, input.TableName, caller);
  const index = findIndex(table, input.IndexName);
  const key = index?.key ?? table.key;
  const placeholders = placeholdersOf(input);
  let isWanted: Condition;
  if (input.KeyConditionExpression !== undefined)
    isWanted = parseCondition(input.KeyConditionExpression, 'KeyConditionExpression', placeholders);
  else if (input.KeyConditions === undefined)
    throw validation('Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
  else isWanted = filterCondition(input.KeyConditions, 'AND');
  const filter = filterOf(input.FilterExpression, input.QueryFilter, input.ConditionalOperator, placeholders);
  const projection = projectionOf(input.ProjectionExpression, input.AttributesToGet, placeholders);
  placeholders.checkUsed();
  // Nothing without a hash key can be meant: such a condition names no hash key.
  if (isWanted({})) throw validation(`Query condition missed key schema element: ${key.hash}`);
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
