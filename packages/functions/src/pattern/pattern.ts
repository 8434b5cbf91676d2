import { leafMatcher } from './leaf.ts';
import { PatternError } from './pattern-error.ts';

/*
 * AWS's event pattern language, as event filtering has it (docs.aws.amazon.com/eventbridge/…/eb-create-pattern-operators.html):
 *
 *   pattern = { key: pattern | [ leaf, … ], "$or": [ pattern, … ] }
 *
 * All keys must match. A list matches when one of its leaves matches the value; an array's value matches when one of its elements
 * does. `{"exists": false}` matches where the key is absent.
 */
export type Matcher = (value: unknown) => boolean;

/** Compiles a pattern's text. Throws PatternError. */
export function compilePattern(text: string): Matcher {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new PatternError('a pattern is JSON', { cause: error });
  }
  return compileObject(parsed);
}

function compileObject(pattern: unknown): Matcher {
  if (!isObject(pattern)) throw new PatternError('a pattern is an object');
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw new PatternError('an empty pattern matches nothing');
  const matchers = entries.map(([key, value]) => (key === '$or' ? compileOr(value) : compileKey(key, value)));
  return (value) => matchers.every((matches) => matches(value));
}

function compileOr(alternatives: unknown): Matcher {
  if (!Array.isArray(alternatives) || alternatives.length < 2)
    throw new PatternError('$or has a list of at least two patterns');
  const matchers = alternatives.map(compileObject);
  return (value) => matchers.some((matches) => matches(value));
}

function compileKey(key: string, pattern: unknown): Matcher {
  if (!Array.isArray(pattern)) {
    const inner = compileObject(pattern);
    return (value) => {
      const found = member(value, key);
      // Of an array of objects, one is enough.
      if (Array.isArray(found)) return found.some(inner);
      // A pattern of nothing but exists: false matches where the object itself is absent.
      return inner(found);
    };
  }
  if (pattern.length === 0) throw new PatternError(`the list of ${key} is empty`);
  const leaves = pattern.map(leafMatcher);
  return (value) => {
    const found = member(value, key);
    if (Array.isArray(found)) {
      if (found.length === 0) return leaves.some((matches) => matches(undefined));
      return elementsOf(found).some((one) => leaves.some((matches) => matches(one)));
    }
    // exists looks at leaves: an object is none.
    return leaves.some((matches) => matches(isObject(found) ? undefined : found));
  };
}

/** The elements of an array and of the arrays in it, however deep: a record's data can be brackets alone. */
function elementsOf(array: readonly unknown[]): unknown[] {
  const found: unknown[] = [];
  const left: unknown[] = [array];
  while (left.length > 0) {
    const one = left.pop();
    if (Array.isArray(one)) for (const element of one) left.push(element);
    else found.push(one);
  }
  return found;
}

function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
