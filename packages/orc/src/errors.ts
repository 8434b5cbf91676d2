/** The schema's text is no type, or names something twice. */
export class OrcSchemaError extends Error {
  override readonly name = 'OrcSchemaError';
}

/** An option is outside of its range, or names a column that is not there. */
export class OrcOptionError extends Error {
  override readonly name = 'OrcOptionError';
}

/** A value does not fit its column; the message names both. */
export class OrcValueError extends Error {
  override readonly name = 'OrcValueError';
}

/** The error for a value of a column, with as much of the value as is fit to print. */
export function misfit(path: string, expected: string, value: unknown): OrcValueError {
  return new OrcValueError(`${path}: ${show(value)} is not ${expected}`);
}

const shownCharacters = 60;

function show(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > shownCharacters
      ? `${JSON.stringify(value.slice(0, shownCharacters))}…`
      : JSON.stringify(value);
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  return typeof value === 'object' ? 'an object' : `a value of type ${typeof value}`;
}
