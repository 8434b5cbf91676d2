import { validation } from '../errors.ts';
import { compareValues, contentOf, isEqual, typeOf } from '../value.ts';
import type { Item, Value } from '../value.ts';
import { Parser } from './parser.ts';
import type { Placeholders } from './parser.ts';
import { valueAt } from './path.ts';

/** Whether an item is as it should be. An item that is not there has no attributes. */
export type Condition = (item: Item) => boolean;
type Operand = (item: Item) => Value | undefined;

/*
 * condition = and ("OR" and)*          and = not ("AND" not)*          not = "NOT" not | primary
 * primary   = "(" condition ")" | function | operand comparator operand | operand "BETWEEN" operand "AND" operand
 *           | operand "IN" "(" operand ("," operand)* ")"
 * operand   = path | :value | "size" "(" path ")"
 */
export function parseCondition(expression: string, kind: string, placeholders: Placeholders): Condition {
  const parser = new Parser(expression, kind, placeholders);
  const condition = or(parser);
  parser.expectEnd();
  return condition;
}

function or(parser: Parser): Condition {
  let left = and(parser);
  while (parser.takes('OR')) {
    const [one, other] = [left, and(parser)];
    left = (item) => one(item) || other(item);
  }
  return left;
}

function and(parser: Parser): Condition {
  let left = not(parser);
  while (parser.takes('AND')) {
    const [one, other] = [left, not(parser)];
    left = (item) => one(item) && other(item);
  }
  return left;
}

function not(parser: Parser): Condition {
  if (!parser.takes('NOT')) return primary(parser);
  const inner = parser.inside(() => not(parser));
  return (item) => !inner(item);
}

function primary(parser: Parser): Condition {
  if (parser.takes('(')) {
    const inner = parser.inside(() => or(parser));
    parser.expect(')');
    return inner;
  }
  if (parser.isFunction && parser.next.text.toLowerCase() !== 'size') return functionCall(parser);
  const left = operand(parser);
  if (parser.takes('BETWEEN')) {
    const low = operand(parser);
    parser.expect('AND');
    const high = operand(parser);
    return (item) => compares('>=', left(item), low(item)) && compares('<=', left(item), high(item));
  }
  if (parser.takes('IN')) {
    const members = list(parser);
    return (item) => members.some((member) => compares('=', left(item), member(item)));
  }
  const { kind, text } = parser.next;
  if (kind !== 'sign' || !comparators.has(text)) parser.fail();
  parser.take();
  const right = operand(parser);
  return (item) => compares(text, left(item), right(item));
}

const comparators = new Map<string, (order: number) => boolean>([
  ['<', (order) => order < 0],
  ['<=', (order) => order <= 0],
  ['>', (order) => order > 0],
  ['>=', (order) => order >= 0],
  ['=', () => false],
  ['<>', () => false],
]);

/** An attribute that is not there compares with nothing, but is unequal to everything. */
export function compares(sign: string, left: Value | undefined, right: Value | undefined): boolean {
  if (sign === '<>') return left === undefined || right === undefined || !isEqual(left, right);
  if (left === undefined || right === undefined) return false;
  if (sign === '=') return isEqual(left, right);
  const order = compareValues(left, right);
  return order !== undefined && comparators.get(sign)!(order);
}

function operand(parser: Parser): Operand {
  const value = parser.value();
  if (value !== undefined) return () => value;
  if (!parser.isFunction) {
    const path = parser.path();
    return (item) => valueAt(item, path);
  }
  if (parser.take().text.toLowerCase() !== 'size') parser.fail();
  parser.expect('(');
  const path = parser.path();
  parser.expect(')');
  return (item) => sizeOf(valueAt(item, path));
}

function sizeOf(value: Value | undefined): Value | undefined {
  if (value === undefined) return undefined;
  const content = contentOf(value);
  if ('B' in value) return { N: String(Buffer.from(value.B, 'base64').length) };
  if (typeof content === 'string') return 'S' in value ? { N: String(Buffer.byteLength(content)) } : undefined;
  if (typeof content === 'object' && content !== null) return { N: String(Object.keys(content).length) };
  return undefined;
}

function list(parser: Parser): Operand[] {
  parser.expect('(');
  const members = [operand(parser)];
  while (parser.takes(',')) members.push(operand(parser));
  parser.expect(')');
  return members;
}

function functionCall(parser: Parser): Condition {
  const name = parser.take().text;
  parser.expect('(');
  const path = parser.path();
  const second = parser.takes(',') ? operand(parser) : undefined;
  parser.expect(')');
  const condition = functions[name]?.((item) => valueAt(item, path), second);
  if (condition === undefined) throw validation(`Invalid ${parser.kind}: Invalid function name; function: ${name}`);
  return condition;
}

const functions: Readonly<Record<string, (value: Operand, second: Operand | undefined) => Condition | undefined>> = {
  attribute_exists: (value) => (item) => value(item) !== undefined,
  attribute_not_exists: (value) => (item) => value(item) === undefined,
  attribute_type: (value, type) => type && ((item) => isOfType(value(item), type(item))),
  begins_with: (value, start) => start && ((item) => beginsWith(value(item), start(item))),
  contains: (value, part) => part && ((item) => contains(value(item), part(item))),
};

function isOfType(value: Value | undefined, type: Value | undefined): boolean {
  return value !== undefined && type !== undefined && 'S' in type && typeOf(value) === type.S;
}

export function beginsWith(value: Value | undefined, start: Value | undefined): boolean {
  if (value === undefined || start === undefined) return false;
  if ('S' in value && 'S' in start) return value.S.startsWith(start.S);
  if (!('B' in value && 'B' in start)) return false;
  const [whole, part] = [Buffer.from(value.B, 'base64'), Buffer.from(start.B, 'base64')];
  return whole.subarray(0, part.length).equals(part);
}

export function contains(value: Value | undefined, part: Value | undefined): boolean {
  if (value === undefined || part === undefined) return false;
  if ('S' in value) return 'S' in part && value.S.includes(part.S);
  if ('L' in value) return value.L.some((member) => isEqual(member, part));
  const members = contentOf(value);
  return Array.isArray(members) && typeOf(value) === `${typeOf(part)}S` && members.includes(contentOf(part));
}
