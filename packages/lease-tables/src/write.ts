import { AwsError } from '@millrace/model';
import type * as DynamoDB from '@millrace/model/dynamodb';
import { validation } from './errors.ts';
import { parseCondition } from './expressions/condition.ts';
import type { Condition } from './expressions/condition.ts';
import { Placeholders } from './expressions/parser.ts';
import { parseUpdate } from './expressions/update.ts';
import type { Update } from './expressions/update.ts';
import { expectedCondition, legacyUpdate } from './legacy.ts';
import { checkItemKey, storedKey } from './schema.ts';
import { itemText, keyNames } from './state.ts';
import type { Table } from './state.ts';
import { checkDepth, itemBytes, sentItem, storedItem } from './value.ts';
import type { Item, SentItem } from './value.ts';

/** A write of one item, as its command carries it: JSON-able, bytes in base64. */
export type WriteRequest =
  | { readonly operation: 'PutItem'; readonly input: DynamoDB.PutItemInput }
  | { readonly operation: 'UpdateItem'; readonly input: DynamoDB.UpdateItemInput }
  | { readonly operation: 'DeleteItem'; readonly input: DynamoDB.DeleteItemInput };

/** What a write does: which item it is about, and what stands there afterwards. */
export interface WritePlan {
  readonly text: string;
  readonly after: Item | undefined;
  /** The Attributes of the answer. */
  readonly attributes: Item | undefined;
}

const mostItemBytes = 400 << 10;

/** Decides a write against the table as it is. Throws AwsError and changes nothing, either way. */
export function planWrite(table: Table, { operation, input }: WriteRequest): WritePlan {
  const placeholders = placeholdersOf(input);
  const condition = conditionOf(input, placeholders);
  const update = operation === 'UpdateItem' ? updateOf(input, placeholders) : undefined;
  placeholders.checkUsed();
  const key = operation === 'PutItem' ? itemOf(table, input.Item) : storedKey(input.Key, table);
  const text = itemText(key, table.key);
  const before = table.items.get(text);
  if (!condition(before ?? {})) throw conditionFailed(input, before);
  const returned = input.ReturnValues ?? 'NONE';
  if (update === undefined) {
    if (returned !== 'NONE' && returned !== 'ALL_OLD') throw validation('ReturnValues can only be ALL_OLD or NONE');
    const attributes = returned === 'ALL_OLD' ? before : undefined;
    return { text, after: operation === 'PutItem' ? key : undefined, attributes };
  }
  checkKeyStays(table, update);
  const after = update.apply(before ?? key);
  checkSize(after);
  checkDepth(after);
  return { text, after, attributes: updatedAttributes(returned, update, before, after) };
}

export function placeholdersOf(input: {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: SentItem;
}): Placeholders {
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input;
  return new Placeholders(names, values === undefined ? undefined : storedItem(values));
}

function conditionOf(input: WriteRequest['input'], placeholders: Placeholders): Condition {
  const { ConditionExpression: expression, Expected: expected, ConditionalOperator: operator } = input;
  if (expression !== undefined && expected !== undefined)
    throw validation(
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}',
    );
  if (expression !== undefined) return parseCondition(expression, 'ConditionExpression', placeholders);
  return expected === undefined ? () => true : expectedCondition(expected, operator);
}

function updateOf(input: DynamoDB.UpdateItemInput, placeholders: Placeholders): Update {
  const { UpdateExpression: expression, AttributeUpdates: updates } = input;
  if (expression !== undefined && updates !== undefined)
    throw validation(
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}',
    );
  return expression === undefined ? legacyUpdate(updates ?? {}) : parseUpdate(expression, placeholders);
}

function itemOf(table: Table, given: SentItem): Item {
  const item = storedItem(given);
  checkItemKey(item, table);
  checkSize(item);
  return item;
}

function checkSize(item: Item): void {
  if (itemBytes(item) > mostItemBytes) throw validation('Item size has exceeded the maximum allowed size');
}

function checkKeyStays({ key }: Table, { names }: Update): void {
  const changed = names.find((name) => keyNames(key).includes(name));
  if (changed !== undefined)
    throw validation(
      `One or more parameter values were invalid: Cannot update attribute ${changed}. This attribute is part of the key`,
    );
}

function updatedAttributes(
  returned: string,
  { names }: Update,
  before: Item | undefined,
  after: Item,
): Item | undefined {
  const only = (item: Item = {}): Item | undefined => {
    const entries = Object.entries(item).filter(([name]) => names.includes(name));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  switch (returned) {
    case 'ALL_OLD':
      return before;
    case 'ALL_NEW':
      return after;
    case 'UPDATED_OLD':
      return only(before);
    case 'UPDATED_NEW':
      return only(after);
    default:
      return undefined;
  }
}

function conditionFailed(input: WriteRequest['input'], before: Item | undefined): AwsError {
  const isShown = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && before !== undefined;
  return new AwsError('ConditionalCheckFailedException', 'The conditional request failed', 400, {
    members: isShown ? { Item: before } : undefined,
  });
}

/** The Attributes of an answer. */
export function sentAttributes(attributes: Item | undefined): { Attributes?: SentItem } {
  return attributes === undefined ? {} : { Attributes: sentItem(attributes) };
}
