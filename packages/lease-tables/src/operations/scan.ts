import { placeholdersOf } from '../write.ts';
import { compareItems, filterOf, findIndex, isInIndex, pageOf, projectionOf, throughIndex } from '../pages.ts';
import { findTable } from '../service.ts';
import type { Handler } from '../service.ts';

/** All items of a table or an index, in the order of their keys; a segment of several has its share of them. */
export const scan: Handler<'Scan'> = (service, input, caller) => {
  const table = findTable(service, input.TableName, caller);
  const index = findIndex(table, input.IndexName);
  const placeholders = placeholdersOf(input);
  const filter = filterOf(input.FilterExpression, input.ScanFilter, input.ConditionalOperator, placeholders);
  const projection = projectionOf(input.ProjectionExpression, input.AttributesToGet, placeholders);
  placeholders.checkUsed();
  const items = [...table.items.values()]
    .filter((item) => index === undefined || isInIndex(item, index.key))
    .map((item) => throughIndex(item, table, index))
    .sort((left, right) => compareItems(left, right, table, index))
    .filter((_, place) => input.TotalSegments === undefined || place % input.TotalSegments === (input.Segment ?? 0));
  return pageOf({
    table,
    index,
    items,
    sign: 1,
    filter,
    projection,
    limit: input.Limit,
    startKey: input.ExclusiveStartKey,
    isCount: input.Select === 'COUNT',
  });
};
