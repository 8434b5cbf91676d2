import { javaPattern, PatternError } from './java-pattern.ts';
import type { Option, Options, Values } from './options.ts';

/** The configuration is not one; the message names the key and what it may be. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** What an options table is read from: a JSON object, where it stands, and who hears of what is not in the table. */
export interface ReadingContext {
  /** As in `flows[0].`; empty at the top. */
  readonly where: string;
  readonly isDeliveryStream?: boolean;
  warn(message: string): void;
}

/**
 * Reads the members of an object by a table. What the table has not is a warning, as such keys are often a newer agent's; a value
 * that cannot be is a ConfigurationError. Numbers and booleans may be strings, as in AWS's agent; null counts as not said.
 */
export function readOptions<Table extends Options>(
  table: Table,
  json: unknown,
  context: ReadingContext,
): Values<Table> {
  const object = asObject(json, context.where.replace(/\.$/, '') || 'the configuration');
  for (const key of Object.keys(object))
    if (!Object.hasOwn(table, key))
      context.warn(`${context.where}${key} is not an option of the agent; it is left alone`);
  const values = Object.entries(table).map(([key, option]) => {
    const value = object[key] ?? undefined;
    if (value === undefined) return [key, defaultOf(option, context)];
    return [key, convert(option, value, { ...context, key: context.where + key })];
  });
  return Object.fromEntries(values) as Values<Table>;
}

export function asObject(json: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigurationError(`${name} must be an object, {…}`);
  return json as Readonly<Record<string, unknown>>;
}

function defaultOf(option: Option, { isDeliveryStream = false }: ReadingContext): unknown {
  if (option.kind === 'integer' && isDeliveryStream && option.mostForDeliveryStream !== undefined)
    return option.mostForDeliveryStream;
  return 'default' in option ? option.default : undefined;
}

type At = ReadingContext & { readonly key: string };

function convert(option: Option, value: unknown, at: At): unknown {
  const { key } = at;
  switch (option.kind) {
    case 'boolean':
      return toBoolean(value, key);
    case 'integer':
      return toInteger(option, value, at);
    case 'strings':
      if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
        throw new ConfigurationError(`${key} must be a list of strings, ["…"]`);
      return value;
    case 'json':
      return value;
    case 'choice': {
      if (!option.choices.includes(value as string))
        throw new ConfigurationError(`${key} is ${JSON.stringify(value)}; it must be ${option.choices.join(' or ')}`);
      return value;
    }
    default: {
      const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
      if (typeof text !== 'string') throw new ConfigurationError(`${key} must be a string`);
      if (option.kind === 'pattern') checkPattern(text, key);
      return text;
    }
  }
}

/** Fails where the agent could not use the pattern. */
export function checkPattern(text: string, key: string): void {
  try {
    javaPattern(text, 'parts');
  } catch (error) {
    if (error instanceof PatternError)
      throw new ConfigurationError(`${key} is not a regular expression that can be used: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
}

function toBoolean(value: unknown, key: string): boolean {
  const text = String(value).toLowerCase();
  if (['true', 'yes', 't', 'y', '1'].includes(text)) return true;
  if (['false', 'no', 'f', 'n', '0'].includes(text)) return false;
  throw new ConfigurationError(`${key} is ${JSON.stringify(value)}; it must be true or false`);
}

function toInteger(option: Option & { readonly kind: 'integer' }, value: unknown, at: At): number {
  const { least = -Infinity, most = Infinity, mostForDeliveryStream = most } = option;
  const highest = at.isDeliveryStream === true ? mostForDeliveryStream : most;
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value));
  const number = Number(value);
  if (isNumber && Number.isSafeInteger(number) && number >= least && number <= highest) return number;
  throw new ConfigurationError(
    `${at.key} is ${JSON.stringify(value)}; it must be an integer${rangeText(least, highest)}`,
  );
}

/** In words, with a space before them; empty where everything goes. */
export function rangeText(least: number, most: number): string {
  if (least !== -Infinity && most !== Infinity) return ` from ${least} to ${most}`;
  if (least !== -Infinity) return ` of at least ${least}`;
  return most === Infinity ? '' : ` of at most ${most}`;
}
