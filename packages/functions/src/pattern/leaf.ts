import { BlockList, isIP } from 'node:net';
import { PatternError } from './pattern-error.ts';
import { wildcardMatcher } from './wildcard.ts';

/** Matches one value of an event; undefined is the absence of one. */
type LeafMatcher = (value: unknown) => boolean;

/** A value to equal, or an object of one operator. Throws PatternError. */
export function leafMatcher(leaf: unknown): LeafMatcher {
  if (leaf === null || ['string', 'number', 'boolean'].includes(typeof leaf)) return (value) => value === leaf;
  const entries = typeof leaf === 'object' && !Array.isArray(leaf) ? Object.entries(leaf) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length > 1)
    throw new PatternError('a leaf is a value or an object of one operator');
  const [name, operand] = entry as [string, unknown];
  const make = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (make === undefined) throw new PatternError(`${name} is no operator`);
  return make(operand);
}

const operators: Readonly<Record<string, (operand: unknown) => LeafMatcher>> = {
  exists(operand) {
    if (typeof operand !== 'boolean') throw new PatternError('exists is true or false');
    return (value) => (value !== undefined) === operand;
  },
  prefix: (operand) => affix(operand, 'prefix', (text, part) => text.startsWith(part)),
  suffix: (operand) => affix(operand, 'suffix', (text, part) => text.endsWith(part)),
  'equals-ignore-case'(operand) {
    const wanted = textOf(operand, 'equals-ignore-case').toLowerCase();
    return onText((text) => text.toLowerCase() === wanted);
  },
  wildcard: (operand) => onText(wildcardMatcher(textOf(operand, 'wildcard'))),
  numeric: numericMatcher,
  cidr: cidrMatcher,
  'anything-but': anythingBut,
};

function textOf(operand: unknown, operator: string): string {
  if (typeof operand !== 'string') throw new PatternError(`${operator} has a text`);
  return operand;
}

function onText(matches: (text: string) => boolean): LeafMatcher {
  return (value) => typeof value === 'string' && matches(value);
}

/** A text, or {"equals-ignore-case": text}. */
function affix(operand: unknown, operator: string, holds: (text: string, part: string) => boolean): LeafMatcher {
  if (typeof operand === 'object' && operand !== null && Object.keys(operand).join() === 'equals-ignore-case') {
    const part = textOf((operand as Record<string, unknown>)['equals-ignore-case'], operator).toLowerCase();
    return onText((text) => holds(text.toLowerCase(), part));
  }
  const part = textOf(operand, operator);
  return onText((text) => holds(text, part));
}

/** What is present and equals none of a value or a list, or fits none of an operator's texts. */
function anythingBut(operand: unknown): LeafMatcher {
  const all: unknown[] = Array.isArray(operand) ? operand : [operand];
  if (all.length === 0) throw new PatternError('anything-but has something');
  if (all.every((one) => typeof one === 'string' || typeof one === 'number')) {
    const refused = new Set<unknown>(all);
    return (value) => value !== undefined && !refused.has(value);
  }
  const [name, inner] = Object.entries(operand ?? {})[0] ?? [];
  const isKnown = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name ?? '');
  if (Array.isArray(operand) || !isKnown || Object.keys(operand as object).length > 1)
    throw new PatternError('anything-but has texts, numbers or one operator of texts');
  const parts: unknown[] = Array.isArray(inner) ? inner : [inner];
  const matchers = parts.map((part) => operators[name!]!(part));
  return (value) => value !== undefined && !matchers.some((matches) => matches(value));
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** One or two pairs of comparison and bound; AWS's bounds are within ±5e9. */
function numericMatcher(operand: unknown): LeafMatcher {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4))
    throw new PatternError('numeric has one or two comparisons');
  const checks: [(value: number, bound: number) => boolean, number][] = [];
  for (let at = 0; at < operand.length; at += 2) {
    const [sign, bound] = operand.slice(at, at + 2) as unknown[];
    const holds = typeof sign === 'string' && Object.hasOwn(comparisons, sign) ? comparisons[sign] : undefined;
    if (holds === undefined || typeof bound !== 'number' || Math.abs(bound) > 5e9)
      throw new PatternError('numeric compares by =, <, <=, > or >= with a number of at most 5e9');
    checks.push([holds, bound]);
  }
  return (value) => typeof value === 'number' && checks.every(([holds, bound]) => holds(value, bound));
}

function cidrMatcher(operand: unknown): LeafMatcher {
  const [address = '', bits = ''] = textOf(operand, 'cidr').split('/');
  const family = isIP(address);
  if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    throw new PatternError('cidr has an address, a slash and a number of bits');
  const list = new BlockList();
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(address, Number(bits), kind);
  return onText((text) => isIP(text) === family && list.check(text, kind));
}
