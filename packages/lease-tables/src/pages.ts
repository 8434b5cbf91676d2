import type * as DynamoDB from '@millrace/model/dynamodb';
import { validation } from './errors.ts';
import { parseCondition } from './expressions/condition.ts';
import type { Condition } from './expressions/condition.ts';
import { Parser } from './expressions/parser.ts';
import type { Placeholders } from './expressions/parser.ts';
import { valueAt, withValue } from './expressions/path.ts';
import type { Path } from './expressions/path.ts';
import { filterCondition } from './legacy.ts';
import { storedKey } from './schema.ts';
import { itemText, keyNames } from './state.ts';
import type { Index, KeyNames, Table } from './state.ts';
import { attributeOf, compareValues, itemBytes, sentItem, storedItem } from './value.ts';
import type { Item, SentItem } from './value.ts';

const pageBytes = 1 << 20;

/** What Scan and Query ask alike. */
export interface PageRequest {
  readonly table: Table;
  readonly index: Index | undefined;
  /** The items in question, in their order. */
  readonly items: readonly Item[];
  /** −1 where that order is the reverse of the keys'. */
  readonly sign: 1 | -1;
  readonly filter: Condition;
  readonly projection: readonly Path[] | undefined;
  readonly limit: number | undefined;
  readonly startKey: SentItem | undefined;
  readonly isCount: boolean;
}

export interface PageAnswer {
  readonly Items?: SentItem[];
  readonly Count: number;
  readonly ScannedCount: number;
  readonly LastEvaluatedKey?: SentItem;
}

/** Up to `limit` items, or 1 MB of them, behind the start key; the filter looks at what was read. */
export function pageOf(request: PageRequest): PageAnswer {
  const { table, index, items, filter, projection, limit, startKey, isCount } = request;
  const from = startKey === undefined ? 0 : placeBehind(request, startKey);
  const read: Item[] = [];
  let bytes = 0;
  for (let at = from; at < items.length && read.length < (limit ?? Infinity) && bytes < pageBytes; at += 1) {
    read.push(items[at]!);
    bytes += itemBytes(items[at]!);
  }
  const found = read.filter((item) => filter(item)).map((item) => projected(item, projection));
  const last = read.at(-1);
  const isMore = last !== undefined && (from + read.length < items.length || read.length === limit);
  return {
    ...(!isCount && { Items: found.map(sentItem) }),
    Count: found.length,
    ScannedCount: read.length,
    ...(isMore && { LastEvaluatedKey: sentItem(pick(last, allKeyNames(table, index))) }),
  };
}

function allKeyNames(table: Table, index: Index | undefined): string[] {
  return [...new Set([...keyNames(table.key), ...(index === undefined ? [] : keyNames(index.key))])];
}

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
}

/** The item itself may be gone: then the first that comes after where it stood. */
function placeBehind({ table, index, items, sign }: PageRequest, startKey: SentItem): number {
  const key = storedItem(startKey);
  storedKey(sentItem(pick(key, keyNames(table.key))), table);
  const after = items.findIndex((item) => sign * compareItems(item, key, table, index) > 0);
  return after === -1 ? items.length : after;
}

/** The order of scans and queries: by the index's range, then by the text of the table's key. */
export function compareItems(left: Item, right: Item, table: Table, index: Index | undefined): number {
  const range = (index?.key ?? table.key).range;
  const [one, other] = [
    range === undefined ? undefined : attributeOf(left, range),
    range === undefined ? undefined : attributeOf(right, range),
  ];
  const order = one === undefined || other === undefined ? 0 : (compareValues(one, other) ?? 0);
  if (order !== 0) return order;
  const [text, otherText] = [itemText(left, table.key), itemText(right, table.key)];
  return text < otherText ? -1 : text > otherText ? 1 : 0;
}

/** The index that is asked; undefined for the table itself. */
export function findIndex(table: Table, name: string | undefined): Index | undefined {
  if (name === undefined) return undefined;
  const index = table.indexes.get(name);
  if (index === undefined) throw validation(`The table does not have the specified index: ${name}`);
  return index;
}

/** What an index holds of an item. */
export function throughIndex(item: Item, table: Table, index: Index | undefined): Item {
  if (index === undefined || index.projection.ProjectionType === 'ALL') return item;
  const more = index.projection.ProjectionType === 'INCLUDE' ? (index.projection.NonKeyAttributes ?? []) : [];
  return pick(item, [...allKeyNames(table, index), ...more]);
}

export function isInIndex(item: Item, key: KeyNames): boolean {
  return keyNames(key).every((name) => attributeOf(item, name) !== undefined);
}

/** FilterExpression, or the filter that it replaced. */
export function filterOf(
  expression: string | undefined,
  legacy: { readonly [name: string]: DynamoDB.Condition } | undefined,
  operator: DynamoDB.ConditionalOperator | undefined,
  placeholders: Placeholders,
): Condition {
  if (expression !== undefined) return parseCondition(expression, 'FilterExpression', placeholders);
  return legacy === undefined ? () => true : filterCondition(legacy, operator);
}

/** ProjectionExpression, or AttributesToGet. */
export function projectionOf(
  expression: string | undefined,
  names: readonly string[] | undefined,
  placeholders: Placeholders,
): Path[] | undefined {
  if (expression === undefined) return names?.map((name): Path => [name]);
  const parser = new Parser(expression, 'ProjectionExpression', placeholders);
  const paths = [parser.path()];
  while (parser.takes(',')) paths.push(parser.path());
  parser.expectEnd();
  return paths;
}

export function projected(item: Item, projection: readonly Path[] | undefined): Item {
  if (projection === undefined) return item;
  let left: Item = {};
  for (const path of projection) {
    const value = valueAt(item, path);
    if (value !== undefined) left = path.length === 1 ? withValue(left, path, value) : nested(left, path, value);
  }
  return left;
}

/** A part of a map or list as DynamoDB shows it: inside of what holds it. */
function nested(item: Item, [name, ...rest]: Path, value: Item[string]): Item {
  const inner = rest.reduceRight<Item[string]>(
    (content, step) => (typeof step === 'number' ? { L: [content] } : { M: { [step]: content } }),
    value,
  );
  const present = attributeOf(item, name);
  if (present !== undefined && 'M' in present && 'M' in inner)
    return { ...item, [name]: { M: { ...present.M, ...inner.M } } };
  return { ...item, [name]: inner };
}
