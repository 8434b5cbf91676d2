import { validation } from '../errors.ts';

/** A piece of an expression: a name, `#name`, `:value`, a number in brackets, a word or a sign. */
export interface Token {
  readonly kind: 'name' | 'placeholder' | 'value' | 'number' | 'sign' | 'end';
  readonly text: string;
}

const mostCharacters = 4096;

const pattern = /\s*(?:(#[\w]+)|(:[\w]+)|([A-Za-z_][\w-]*)|(\d+)|(<>|<=|>=|[=<>(),.+\-[\]]))/y;

export function tokensOf(expression: string, kind: string): Token[] {
  const tokens: Token[] = [];
  const text = expression.trimEnd();
  if (expression.length > mostCharacters)
    throw validation(
      `Invalid ${kind}: Expression size has exceeded the maximum allowed size; expression size: ${expression.length}`,
    );
  if (text === '') throw validation(`Invalid ${kind}: The expression can not be empty;`);
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) {
      const near = text.slice(from).trim();
      throw validation(`Invalid ${kind}: Syntax error; token: "${near[0]}", near: "${near.slice(0, 10)}"`);
    }
    const [, placeholder, value, name, number, sign] = match;
    if (placeholder !== undefined) tokens.push({ kind: 'placeholder', text: placeholder });
    else if (value !== undefined) tokens.push({ kind: 'value', text: value });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (number === undefined) tokens.push({ kind: 'sign', text: sign! });
    else tokens.push({ kind: 'number', text: number });
  }
  tokens.push({ kind: 'end', text: '<EOF>' });
  return tokens;
}
