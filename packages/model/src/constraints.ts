import { enumOrder } from './java-order.ts';
import type { Shape } from './shapes.ts';

/** One condition on a value, and AWS's words for it. */
export interface Constraint {
  readonly text: string;
  /** A length or a range, not a pattern or a set. */
  readonly isSize: boolean;
  holds(value: unknown): boolean;
}

/** A shape's own constraints in the order in which AWS reports them: the set or pattern, the maximum, the minimum. */
export function constraintsOf(shape: Shape): Constraint[] {
  const constraints: Constraint[] = [];
  if (shape.type === 'structure') return constraints;
  if ('values' in shape && shape.values !== undefined) constraints.push(valueSet(shape.values));
  if ('pattern' in shape && shape.pattern !== undefined) constraints.push(pattern(shape.pattern, shape.max));
  const size = sizeOf(shape);
  const { min, max } = shape;
  if (size === undefined) return constraints;
  if (max !== undefined) constraints.push(size.atMost(max));
  if (min !== undefined) constraints.push(size.atLeast(min));
  return constraints;
}

/** True when no value of the shape can violate anything. */
export function maySkip(shape: Shape): boolean {
  if (shape.type === 'structure' || shape.type === 'list' || shape.type === 'map') return false;
  return constraintsOf(shape).length === 0;
}

function valueSet(values: readonly string[]): Constraint {
  const allowed = new Set<unknown>(values);
  return {
    text: `Member must satisfy enum value set: [${enumOrder(values).join(', ')}]`,
    isSize: false,
    holds: (value) => allowed.has(value),
  };
}

/**
 * Several patterns take quadratic time and more (arn:aws.*:kinesis:.*…), so a text that is too long anyway is matched only
 * up to this length; beyond it the length alone is reported.
 */
const maxMatchedChars = 4096;

/** The pattern has to match the whole value, as in Java's Matcher.matches. */
function pattern(source: string, maxChars: number | undefined): Constraint {
  // Java knows \p{…} and characters of two halves always, JavaScript with this flag, which refuses escapes that other patterns have.
  const whole = new RegExp(`^(?:${source})$`, /\\p\{|\\uD800/.test(source) ? 'u' : '');
  const matchedChars = maxChars === undefined ? Number.POSITIVE_INFINITY : Math.max(maxChars, maxMatchedChars);
  return {
    text: `Member must satisfy regular expression pattern: ${source}`,
    isSize: false,
    holds: (value) => (value as string).length > matchedChars || whole.test(value as string),
  };
}

interface Size {
  atMost(limit: number): Constraint;
  atLeast(limit: number): Constraint;
}

/** What `min` and `max` bound: UTF-16 units, bytes, elements, entries, or the number itself. */
function sizeOf(shape: Exclude<Shape, { type: 'structure' }>): Size | undefined {
  switch (shape.type) {
    case 'string':
    case 'blob':
    case 'list':
      return lengthOf;
    case 'map':
      return entriesOf;
    case 'integer':
    case 'long':
    case 'double':
    case 'float':
      return valueOf;
    default:
      return undefined;
  }
}

const lengthOf: Size = {
  atMost: (limit) => size('length', 'less', limit, (value) => (value as { length: number }).length <= limit),
  atLeast: (limit) => size('length', 'greater', limit, (value) => (value as { length: number }).length >= limit),
};

const entriesOf: Size = {
  atMost: (limit) => size('length', 'less', limit, (value) => Object.keys(value as object).length <= limit),
  atLeast: (limit) => size('length', 'greater', limit, (value) => Object.keys(value as object).length >= limit),
};

const valueOf: Size = {
  atMost: (limit) => size('value', 'less', limit, (value) => (value as number) <= limit),
  atLeast: (limit) => size('value', 'greater', limit, (value) => (value as number) >= limit),
};

function size(what: string, than: string, limit: number, holds: (value: unknown) => boolean): Constraint {
  return { text: `Member must have ${what} ${than} than or equal to ${limit}`, isSize: true, holds };
}
