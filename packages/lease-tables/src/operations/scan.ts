import { crc32 } from 'node:zlib';
import type { ScanInput } from '@millrace/model/dynamodb';
import { validation } from '../errors.ts';
import { itemText } from '../state.ts';
import type { Table } from '../state.ts';
import type { Item } from '../value.ts';
import { placeholdersOf } from '../write.ts';
import { compareItems, filterOf, findIndex, isInIndex, pageOf, projectionOf, throughIndex } from '../pages.ts';
import { findTable } from '../service.ts';
import type { Handler } from '../service.ts';

/** All items of a table or an index, in the order of their keys; a segment of several has its share of them. */
export const scan: Handler<'Scan'> = (service, input, caller) => {
  checkSegment(input);
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
    .filter((item) => isInSegment(item, table, input));
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

/** By the item's own key: a segment has the same items whatever comes and goes between the calls of the others. */
function isInSegment(item: Item, table: Table, { Segment: segment, TotalSegments: total }: ScanInput): boolean {
  return total === undefined || crc32(itemText(item, table.key)) % total === segment;
}

function checkSegment({ Segment: segment, TotalSegments: total }: ScanInput): void {
  if ((segment === undefined) !== (total === undefined))
    throw validation(
      `The ${total === undefined ? 'TotalSegments' : 'Segment'} parameter is required but was not present in the request when ${total === undefined ? 'Segment' : 'TotalSegments'} parameter is present`,
    );
  if (segment !== undefined && segment >= total!)
    throw validation(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
}
