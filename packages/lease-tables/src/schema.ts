import type * as DynamoDB from '@millrace/model/dynamodb';
import { validation } from './errors.ts';
import { keyNames } from './state.ts';
import type { KeyNames } from './state.ts';
import { attributeOf, contentOf, storedItem, typeOf } from './value.ts';
import type { Item, SentItem } from './value.ts';

/** A key schema: a HASH attribute, then perhaps a RANGE one. */
export function keyNamesOf(schema: readonly DynamoDB.KeySchemaElement[]): KeyNames {
  const [hash, range] = schema;
  if (hash?.KeyType !== 'HASH')
    throw validation('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  if (range !== undefined && range.KeyType !== 'RANGE')
    throw validation('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  return { hash: hash.AttributeName, range: range?.AttributeName };
}

export function keySchemaOf({ hash, range }: KeyNames): DynamoDB.KeySchemaElement[] {
  const schema: DynamoDB.KeySchemaElement[] = [{ AttributeName: hash, KeyType: 'HASH' }];
  if (range !== undefined) schema.push({ AttributeName: range, KeyType: 'RANGE' });
  return schema;
}

/** Every key attribute must be defined, with its type, and nothing else. */
export function checkDefinitions(types: Readonly<Record<string, string>>, keys: readonly KeyNames[]): void {
  const wanted = new Set(keys.flatMap(keyNames));
  const missing = [...wanted].filter((name) => !Object.hasOwn(types, name));
  if (missing.length > 0)
    throw validation(
      `One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [${[...wanted].join(', ')}], AttributeDefinitions: [${Object.keys(types).join(', ')}]`,
    );
  if (Object.keys(types).length > wanted.size)
    throw validation(
      `One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
    );
}

/** Reads a Key parameter: the key attributes with their types, and no others. */
export function storedKey(
  given: SentItem,
  table: { key: KeyNames; attributeTypes: Readonly<Record<string, string>> },
): Item {
  const key = storedItem(given);
  const names = keyNames(table.key);
  if (Object.keys(key).length !== names.length || names.some((name) => attributeOf(key, name) === undefined))
    throw validation('The provided key element does not match the schema');
  for (const name of names)
    if (typeOf(key[name]!) !== table.attributeTypes[name])
      throw validation('The provided key element does not match the schema');
  checkNotEmpty(key, names);
  return key;
}

/** An item must have its keys, with their types. */
export function checkItemKey(
  item: Item,
  { key, attributeTypes }: { key: KeyNames; attributeTypes: Readonly<Record<string, string>> },
): void {
  for (const name of keyNames(key)) {
    const value = attributeOf(item, name);
    if (value === undefined)
      throw validation(`One or more parameter values were invalid: Missing the key ${name} in the item`);
    if (typeOf(value) !== attributeTypes[name])
      throw validation(
        `One or more parameter values were invalid: Type mismatch for key ${name} expected: ${attributeTypes[name]} actual: ${typeOf(value)}`,
      );
  }
  checkNotEmpty(item, keyNames(key));
}

function checkNotEmpty(item: Item, names: readonly string[]): void {
  for (const name of names)
    if (contentOf(item[name]!) === '')
      throw validation(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
      );
}
