import { validation } from '../errors.ts';
import type { Value } from '../value.ts';
import type { Path } from './path.ts';
import { tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';

/** Names and values that the expressions of one request stand for; each must be used by one of them. */
export class Placeholders {
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: Readonly<Record<string, Value>>;
  readonly #used = new Set<string>();

  constructor(names: Readonly<Record<string, string>> = {}, values: Readonly<Record<string, Value>> = {}) {
    this.#names = names;
    this.#values = values;
  }

  name(text: string, kind: string): string {
    this.#used.add(text);
    const name = Object.hasOwn(this.#names, text) ? this.#names[text] : undefined;
    if (name === undefined)
      throw validation(
        `Invalid ${kind}: An expression attribute name used in the document path is not defined; attribute name: ${text}`,
      );
    return name;
  }

  value(text: string, kind: string): Value {
    this.#used.add(text);
    const value = Object.hasOwn(this.#values, text) ? this.#values[text] : undefined;
    if (value === undefined)
      throw validation(
        `Invalid ${kind}: An expression attribute value used in expression is not defined; attribute value: ${text}`,
      );
    return value;
  }

  /** Throws when one was given that no expression has. */
  checkUsed(): void {
    const unused = (all: object): string[] => Object.keys(all).filter((text) => !this.#used.has(text));
    const values = unused(this.#values);
    if (values.length > 0)
      throw validation(
        `Value provided in ExpressionAttributeValues unused in expressions: keys: {${values.join(', ')}}`,
      );
    const names = unused(this.#names);
    if (names.length > 0)
      throw validation(`Value provided in ExpressionAttributeNames unused in expressions: keys: {${names.join(', ')}}`);
  }
}

const deepest = 100;

/** What conditions and updates read alike: the next token, paths, lists in parentheses. */
export class Parser {
  readonly kind: string;
  readonly #tokens: readonly Token[];
  readonly #placeholders: Placeholders;
  #at = 0;
  #depth = 0;

  /** `kind` is the parameter's name, for messages. */
  constructor(expression: string, kind: string, placeholders: Placeholders) {
    this.kind = kind;
    this.#tokens = tokensOf(expression, kind);
    this.#placeholders = placeholders;
  }

  get next(): Token {
    return this.#tokens[this.#at]!;
  }

  take(): Token {
    return this.#tokens[this.#at++]!;
  }

  /** Steps over a sign or a word (in any case) if it is next. */
  takes(text: string): boolean {
    const { kind, text: present } = this.next;
    if (kind === 'sign' ? present !== text : kind !== 'name' || present.toUpperCase() !== text.toUpperCase())
      return false;
    this.#at += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.takes(text)) this.fail();
  }

  /** Whether a word stands before an opening parenthesis: a function. */
  get isFunction(): boolean {
    return this.next.kind === 'name' && this.#tokens[this.#at + 1]?.text === '(';
  }

  fail(): never {
    const near = this.#tokens.slice(Math.max(0, this.#at - 1), this.#at + 2).map(({ text }) => text);
    throw validation(`Invalid ${this.kind}: Syntax error; token: "${this.next.text}", near: "${near.join(' ')}"`);
  }

  value(): Value | undefined {
    return this.next.kind === 'value' ? this.#placeholders.value(this.take().text, this.kind) : undefined;
  }

  path(): Path {
    const path: (string | number)[] = [this.#name()];
    for (;;) {
      if (this.takes('.')) path.push(this.#name());
      else if (this.takes('[')) {
        if (this.next.kind !== 'number') this.fail();
        path.push(Number(this.take().text));
        this.expect(']');
      } else return path as unknown as Path;
    }
  }

  #name(): string {
    const { kind, text } = this.next;
    if (kind === 'placeholder') return this.#placeholders.name(this.take().text, this.kind);
    if (kind !== 'name') this.fail();
    this.take();
    return text;
  }

  /** Reads what stands inside of something else, which has an end: no stack is deep enough for what a stranger nests. */
  inside<Result>(read: () => Result): Result {
    if (this.#depth >= deepest) throw validation(`Invalid ${this.kind}: The expression is nested too deeply`);
    this.#depth += 1;
    const result = read();
    this.#depth -= 1;
    return result;
  }

  expectEnd(): void {
    if (this.next.kind !== 'end') this.fail();
  }
}
