import { placeholdersOf } from '../write.ts';
import { projected, projectionOf } from '../pages.ts';
import { storedKey } from '../schema.ts';
import { findTable } from '../service.ts';
import type { Handler } from '../service.ts';
import { itemText } from '../state.ts';
import { sentItem } from '../value.ts';

/** One item by its key; every read is consistent here. */
export const getItem: Handler<'GetItem'> = (service, input, caller) => {
  const table = findTable(service, input.TableName, caller);
  const placeholders = placeholdersOf(input);
  const projection = projectionOf(input.ProjectionExpression, input.AttributesToGet, placeholders);
  placeholders.checkUsed();
  const item = table.items.get(itemText(storedKey(input.Key, table), table.key));
  return item === undefined ? {} : { Item: sentItem(projected(item, projection)) };
};
