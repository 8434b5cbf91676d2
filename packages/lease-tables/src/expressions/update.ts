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
    apply(before) {
      const changes = actions.map(({ path, value }) => ({ path, value: value(before) }));
      // Places in lists are those of before: what is removed goes last, from the end of a list on; what is put behind a
      // list's end comes in the order of the places.
      const kept = changes.filter(({ value }) => value !== undefined);
      const removed = changes.filter(({ value }) => value === undefined);
      kept.sort((one, other) => comparePaths(one.path, other.path));
      removed.sort((one, other) => comparePaths(other.path, one.path));
      return [...kept, ...removed].reduce((item, { path, value }) => withValue(item, path, value), before);
    },
  };
}

/** By the first step that differs; what holds something before what is in it. */
function comparePaths(one: Path, other: Path): number {
  const at = one.findIndex((step, nth) => step !== other[nth]);
  if (at === -1) return one.length - other.length;
  const [left, right] = [one[at]!, other[at]];
  if (right === undefined) return 1;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return String(left) < String(right) ? -1 : 1;
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
  for (const [nth, { path }] of actions.entries()) {
    const other = actions
      .slice(0, nth)
      .find((earlier) => earlier.path.every((step, at) => at >= path.length || step === path[at]));
    if (other !== undefined)
      throw validation(
        `Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [${other.path.join(', ')}], path two: [${path.join(', ')}]`,
      );
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
      return summed(one.N, other.N, sign);
    },
  };
}

function operand(parser: Parser): Operand {
  const value = parser.value();
  if (value !== undefined) return () => value;
  if (parser.isFunction) return parser.inside(() => functionCall(parser));
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

function summed(left: string, right: string, sign: 1 | -1): Value {
  const N = addNumbers(left, right, sign);
  if (N === undefined)
    throw validation(
      'Number overflow. Attempting to store a number with more than 38 significant digits, or with magnitude outside of the supported range',
    );
  return { N };
}

/** ADD: to a number, or into a set. */
export function added(present: Value | undefined, value: Value): Value {
  if ('N' in value && (present === undefined || 'N' in present))
    return summed(present === undefined ? '0' : present.N, value.N, 1);
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
  const gone = new Set(contentOf(value) as string[]);
  const left = (contentOf(present) as string[]).filter((member) => !gone.has(member));
  return left.length === 0 ? undefined : ({ [type]: left } as unknown as Value);
}
