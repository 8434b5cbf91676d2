import { RecordError, textOf } from './transformation.ts';

/** A number of more digits than a double has, as it is written. */
export class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return asWritten(this.text);
  }
}

/** In Node since 22; the types do not have it yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** For JSON.stringify: a number by its digits. */
export function asWritten(digits: string): unknown {
  return rawJson(digits);
}

const manyDigits = /[:,[]\s*-?[\d.]{16}/;

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined || context.source.length < 16) return value;
  return String(value) === context.source ? value : new WrittenNumber(context.source);
}

function parse(text: string): unknown {
  return manyDigits.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

/** The objects of a record: one JSON object, or one on each line. Throws RecordError. */
export function objectsOf(data: Buffer): Record<string, unknown>[] {
  const text = textOf(data);
  let values: unknown[];
  try {
    values = [parse(text)];
  } catch (error) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) throw new RecordError((error as Error).message);
    try {
      values = lines.map(parse);
    } catch (inner) {
      throw new RecordError((inner as Error).message);
    }
  }
  for (const value of values) if (!isObject(value)) throw new RecordError('the record is not a JSON object');
  return values as Record<string, unknown>[];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber);
}

/** One line an object; undefined, and so a dropped record, for none. */
export function jsonLines(objects: readonly object[]): string | undefined {
  return objects.length === 0 ? undefined : objects.map((object) => JSON.stringify(object)).join('\n');
}
