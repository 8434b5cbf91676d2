import type { AttributeValue } from '@millrace/model/dynamodb';
import { canonicalNumber, compareNumbers } from './decimals.ts';
import { validation } from './errors.ts';

/** A value as it is stored: DynamoDB's JSON, bytes in base64, so that commands and snapshots can hold it. */
export type Value =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly M: Item }
  | { readonly L: readonly Value[] }
  | { readonly NULL: true }
  | { readonly BOOL: boolean };

export interface Item {
  readonly [name: string]: Value;
}

/** An item as callers send and get it. */
export interface SentItem {
  [name: string]: AttributeValue;
}

export type TypeName = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'M' | 'L' | 'NULL' | 'BOOL';

const typeNames: readonly TypeName[] = ['S', 'N', 'B', 'SS', 'NS', 'BS', 'M', 'L', 'NULL', 'BOOL'];

/** An attribute of an item's own, whatever its name. */
export function attributeOf(item: Item, name: string): Value | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

export function typeOf(value: Value): TypeName {
  return typeNames.find((name) => name in value)!;
}

/** What is in it, whatever its type. */
export function contentOf(value: Value): unknown {
  return (value as unknown as Record<string, unknown>)[typeOf(value)];
}

/** DynamoDB's limit; whatever walks through values may go as deep. */
const deepest = 32;

/** Reads what a caller sent; throws ValidationException in DynamoDB's words. */
export function storedValue(given: AttributeValue, depth = 0): Value {
  if (depth > deepest) throw tooDeep();
  const present = typeNames.filter((name) => given[name] !== undefined);
  if (present.length === 0)
    throw validation('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  if (present.length > 1)
    throw validation(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  const { S, N, B, SS, NS, BS, M, L, NULL } = given;
  if (S !== undefined) return { S };
  if (N !== undefined) return { N: storedNumber(N) };
  if (B !== undefined) return { B: inBase64(B) };
  if (SS !== undefined) return { SS: storedSet(SS, 'string') };
  if (NS !== undefined) return { NS: storedSet(NS.map(storedNumber), 'number') };
  if (BS !== undefined) {
    return { BS: storedSet(BS.map(inBase64), 'binary') };
  }
  if (M !== undefined) return { M: storedItem(M, depth + 1) };
  if (L !== undefined) return { L: L.map((one) => storedValue(one, depth + 1)) };
  if (NULL === undefined) return { BOOL: given.BOOL! };
  if (!NULL)
    throw validation(
      'One or more parameter values were invalid: Null attribute value types must have the value of true',
    );
  return { NULL: true };
}

function tooDeep(): Error {
  return validation('Nesting Levels have exceeded supported limits');
}

/** What an update puts together may be deeper than its parts. */
export function checkDepth(item: Item, depth = 0): void {
  if (depth > deepest) throw tooDeep();
  for (const value of Object.values(item)) checkValueDepth(value, depth);
}

function checkValueDepth(value: Value, depth: number): void {
  if (depth > deepest) throw tooDeep();
  if ('M' in value) checkDepth(value.M, depth + 1);
  if ('L' in value) for (const one of value.L) checkValueDepth(one, depth + 1);
}

/** A command brings bytes as the text that they were sent as. */
function inBase64(bytes: Buffer | string): string {
  return typeof bytes === 'string' ? bytes : bytes.toString('base64');
}

function storedNumber(text: string): string {
  const number = canonicalNumber(text.trim());
  if (number === undefined) throw validation(`The parameter cannot be converted to a numeric value: ${text}`);
  return number;
}

function storedSet(members: readonly string[], kind: string): readonly string[] {
  if (members.length === 0)
    throw validation(`One or more parameter values were invalid: An ${kind} set  may not be empty`);
  if (new Set(members).size < members.length)
    throw validation(
      `One or more parameter values were invalid: Input collection [${members.join(', ')}] contains duplicates.`,
    );
  return members;
}

export function storedItem(given: Readonly<Record<string, AttributeValue>>, depth = 0): Item {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, storedValue(value, depth)]));
}

/** The value as callers get it. */
export function sentValue(value: Value): AttributeValue {
  if ('B' in value) return { B: Buffer.from(value.B, 'base64') };
  if ('BS' in value) return { BS: value.BS.map((text) => Buffer.from(text, 'base64')) };
  if ('M' in value) return { M: sentItem(value.M) };
  if ('L' in value) return { L: value.L.map(sentValue) };
  return value as AttributeValue;
}

export function sentItem(item: Item): SentItem {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, sentValue(value)]));
}

/** Whether two values are equal: of one type, numbers by value, sets without regard to order. */
export function isEqual(left: Value, right: Value): boolean {
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  if ('M' in left && 'M' in right) {
    const names = Object.keys(left.M);
    const others = right.M;
    return (
      names.length === Object.keys(others).length &&
      names.every((name) => Object.hasOwn(others, name) && isEqual(left.M[name]!, others[name]!))
    );
  }
  if ('L' in left && 'L' in right)
    return left.L.length === right.L.length && left.L.every((value, at) => isEqual(value, right.L[at]!));
  const [one, other] = [contentOf(left), contentOf(right)];
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  const members = new Set<unknown>(other);
  return one.length === other.length && one.every((member) => members.has(member));
}

/** The order of two texts, numbers or binaries; undefined where there is none. */
export function compareValues(left: Value, right: Value): number | undefined {
  if ('N' in left && 'N' in right) return compareNumbers(left.N, right.N);
  if ('S' in left && 'S' in right) return Buffer.compare(Buffer.from(left.S), Buffer.from(right.S));
  if ('B' in left && 'B' in right) return Buffer.compare(Buffer.from(left.B, 'base64'), Buffer.from(right.B, 'base64'));
  return undefined;
}

/** Bytes as DynamoDB counts them, about: names and contents. */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value);
  return bytes;
}

function valueBytes(value: Value): number {
  if ('M' in value) return 3 + itemBytes(value.M);
  if ('L' in value) return value.L.reduce((sum, one) => sum + 1 + valueBytes(one), 3);
  const content = contentOf(value);
  if (Array.isArray(content)) return content.reduce((sum: number, one: string) => sum + Buffer.byteLength(one), 0);
  return typeof content === 'string' ? Buffer.byteLength(content) : 1;
}
