import { addNumbers } from '../decimals.ts';
import { validation } from '../errors.ts';
import { contentOf, typeOf } from '../value.ts';
import type { Item, Value } from '../value.ts';
import { Parser } from './parser.ts';
import type { Placeholders } from './parser.ts';
import { valueAt, withValue } from './path.ts';
import type { Path } from './path.ts';

/** A change of an item, and the attributes it names. Every value is read from the item as it was before. */
export interface Update {
  readonly names: readonly string[];
  apply(item: Item): Item;
}

type Operand = (item: Item) => Value;

/** One clause's change: what stands at a path after it; undefined removes it. */
export interface Action {
  readonly path: Path;
  value(before: Item): Value | undefined;
}

export function updateOf(actions: readonly Action[]): Update {
  return {
    names: actions.map(({ path }) => path[0]),
    apply: (before) => actions.reduce((item, { path, value }) => withValue(item, path, value(before)), before),
  };
}

/*
 * update  = ("SET" set ("," set)* | "REMOVE" path ("," path)* | "ADD" path :value ("," …)* | "DELETE" path :value ("," …)*)+
 * set     = path "=" operand [("+" | "-") operand]
 * operand = path | :value | "if_not_exists" "(" path "," operand ")" | "list_append" "(" operand "," operand ")"
 */
export function parseUpdate(expression: string, placeholders: Placeholders): Update {
  const parser = new Parser(expression, 'UpdateExpression', placeholders);
  const actions: Action[] = [];
  const clauses = new Map<string, () => Action>([
    ['SET', () => set(parser)],
    ['REMOVE', () => ({ path: parser.path(), value: () => undefined })],
    ['ADD', () => withOperand(parser, added)],
    ['DELETE', () => withOperand(parser, deleted)],
  ]);
  const seen = new Set<string>();
  do {
    const word = parser.next.text.toUpperCase();
    const clause = clauses.get(word);
    if (clause === undefined) parser.fail();
    if (seen.has(word))
      throw validation(
        `Invalid UpdateExpression: The "${word}" section can only be used once in an update expression;`,
      );
    seen.add(word);
    parser.take();
    do actions.push(clause!());
    while (parser.takes(','));
  } while (parser.next.kind !== 'end');
  checkOverlap(actions);
  return updateOf(actions);
}

function checkOverlap(actions: readonly Action[]): void {
  const texts = new Set<string>();
  for (const { path } of actions) {
    const text = JSON.stringify(path);
    if (texts.has(text))
      throw validation(
        `Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [${path.join(', ')}], path two: [${path.join(', ')}]`,
      );
    texts.add(text);
  }
}

function set(parser: Parser): Action {
  const path = parser.path();
  parser.expect('=');
  const left = operand(parser);
  const sign = parser.takes('+') ? 1 : parser.takes('-') ? -1 : undefined;
  if (sign === undefined) return { path, value: left };
  const right = operand(parser);
  return {
    path,
    value: (item) => {
      const [one, other] = [left(item), right(item)];
      if (!('N' in one && 'N' in other))
        throw validation('An operand in the update expression has an incorrect data type');
      return { N: addNumbers(one.N, other.N, sign) };
    },
  };
}

function operand(parser: Parser): Operand {
  const value = parser.value();
  if (value !== undefined) return () => value;
  if (parser.isFunction) return functionCall(parser);
  const path = parser.path();
  return (item) => {
    const found = valueAt(item, path);
    if (found === undefined)
      throw validation('The provided expression refers to an attribute that does not exist in the item');
    return found;
  };
}

function functionCall(parser: Parser): Operand {
  const name = parser.take().text;
  parser.expect('(');
  if (name === 'if_not_exists') {
    const path = parser.path();
    parser.expect(',');
    const otherwise = operand(parser);
    parser.expect(')');
    return (item) => valueAt(item, path) ?? otherwise(item);
  }
  if (name !== 'list_append') throw validation(`Invalid UpdateExpression: Invalid function name; function: ${name}`);
  const first = operand(parser);
  parser.expect(',');
  const second = operand(parser);
  parser.expect(')');
  return (item) => {
    const [one, other] = [first(item), second(item)];
    if (!('L' in one && 'L' in other))
      throw validation('An operand in the update expression has an incorrect data type');
    return { L: [...one.L, ...other.L] };
  };
}

function withOperand(parser: Parser, change: (present: Value | undefined, value: Value) => Value | undefined): Action {
  const path = parser.path();
  const value = parser.value();
  if (value === undefined) parser.fail();
  return { path, value: (item) => change(valueAt(item, path), value) };
}

/** ADD: to a number, or into a set. */
export function added(present: Value | undefined, value: Value): Value {
  if ('N' in value && (present === undefined || 'N' in present))
    return { N: addNumbers(present === undefined ? '0' : present.N, value.N) };
  const type = typeOf(value);
  if (!['SS', 'NS', 'BS'].includes(type) || (present !== undefined && typeOf(present) !== type))
    throw validation('An operand in the update expression has an incorrect data type');
  const before = present === undefined ? [] : (contentOf(present) as string[]);
  return { [type]: [...new Set([...before, ...(contentOf(value) as string[])])] } as unknown as Value;
}

/** DELETE: out of a set; one without members goes. */
export function deleted(present: Value | undefined, value: Value): Value | undefined {
  const type = typeOf(value);
  if (!['SS', 'NS', 'BS'].includes(type) || (present !== undefined && typeOf(present) !== type))
    throw validation('An operand in the update expression has an incorrect data type');
  if (present === undefined) return undefined;
  const gone = contentOf(value) as string[];
  const left = (contentOf(present) as string[]).filter((member) => !gone.includes(member));
  return left.length === 0 ? undefined : ({ [type]: left } as unknown as Value);
}
