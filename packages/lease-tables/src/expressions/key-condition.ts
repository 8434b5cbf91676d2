import { validation } from '../errors.ts';
import type { KeyNames } from '../state.ts';
import { parseCondition } from './condition.ts';
import type { Condition } from './condition.ts';
import type { Placeholders } from './parser.ts';
import { tokensOf } from './tokens.ts';

const kind = 'KeyConditionExpression';
const foreign = new Set([
  'OR',
  'NOT',
  'IN',
  '<>',
  'CONTAINS',
  'SIZE',
  'ATTRIBUTE_EXISTS',
  'ATTRIBUTE_NOT_EXISTS',
  'ATTRIBUTE_TYPE',
]);

/** A condition of Query: the hash key is equal to a value, and perhaps the range key fits. Throws for any other. */
export function parseKeyCondition(
  expression: string,
  { hash, range }: KeyNames,
  placeholders: Placeholders,
): Condition {
  const tokens = tokensOf(expression, kind);
  const alien = tokens.find(
    ({ kind: of, text }) => of !== 'placeholder' && of !== 'value' && foreign.has(text.toUpperCase()),
  );
  if (alien !== undefined)
    throw validation(`Invalid ${kind}: Invalid operator used in ${kind}: ${alien.text.toUpperCase()}`);
  const nameAt = (at: number): string | undefined => {
    const token = tokens[at];
    if (token?.kind === 'placeholder') return placeholders.name(token.text, kind);
    return token?.kind === 'name' && !['AND', 'BETWEEN', 'BEGINS_WITH'].includes(token.text.toUpperCase())
      ? token.text
      : undefined;
  };
  let hasHash = false;
  for (const at of tokens.keys()) {
    const name = nameAt(at);
    if (name === undefined) continue;
    if (name !== hash && name !== range) throw validation(`Query condition missed key schema element: ${hash}`);
    const isEqual = tokens[at + 1]?.text === '=' || tokens[at - 1]?.text === '=';
    if (name === hash && !isEqual) throw validation('Query key condition not supported');
    if (name === hash) hasHash = true;
  }
  if (!hasHash) throw validation(`Query condition missed key schema element: ${hash}`);
  return parseCondition(expression, kind, placeholders);
}
