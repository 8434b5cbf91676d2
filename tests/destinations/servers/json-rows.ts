/** Rows of JSON as Redshift's COPY reads them ("COPY from JSON format" of its guide). */
import { CopyError } from './copy-statement.ts';

/** What a column gets: text, or null. */
export type Cell = string | null;

type JsonObject = Record<string, unknown>;

/**
 * The objects in a file, which follow each other with white space or nothing between them. Numbers keep their digits: they
 * are JSON.rawJSON objects.
 */
export function* jsonObjects(text: string): Generator<JsonObject> {
  let [start, depth, isString] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (isString) {
      if (character === '\\') at += 1;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if (character === '{' || character === '[') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth < 0) throw invalid(at);
      if (depth === 0) yield parsed(text.slice(start, at + 1), start);
    } else if (depth === 0 && !/\s/.test(character)) throw invalid(at);
  }
  if (depth > 0) throw invalid(start);
}

function parsed(text: string, at: number): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text, (_name, each: unknown, context?: { source?: string }) =>
      typeof each === 'number' ? rawJson(context!.source!) : each,
    );
  } catch {
    throw invalid(at);
  }
  if (Array.isArray(value)) throw new CopyError('Expected a JSON object, found an array');
  return value as JsonObject;
}

interface RawJson {
  readonly rawJSON: string;
}

function rawJson(source: string): RawJson {
  return (JSON as unknown as { rawJSON(text: string): RawJson }).rawJSON(source);
}

function isRawJson(value: unknown): value is RawJson {
  return (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value);
}

function invalid(at: number): CopyError {
  return new CopyError('Invalid JSON format - Invalid object', 'XX000', `position ${at}`);
}

/** What is nested stands in a column as JSON text. */
function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (isRawJson(value)) return value.rawJSON;
  return JSON.stringify(value);
}

/** 'auto': by name; names are compared exactly, and columns have small letters. */
export function cellsByName(row: JsonObject, columns: readonly string[], isCaseIgnored: boolean): Cell[] {
  const named = isCaseIgnored
    ? new Map(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value]))
    : new Map(Object.entries(row));
  return columns.map((column) => cellOf(named.get(column)));
}

/** A manifest or a JSONPaths file. */
export function jsonValue<Value>(text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    throw invalid(0);
  }
}

/** The paths of a JSONPaths file: {"jsonpaths": ["$.name", "$['a name'][0]"]}. */
export function jsonPathsOf(text: string): string[][] {
  const { jsonpaths } = jsonValue<{ jsonpaths?: string[] }>(text);
  if (!Array.isArray(jsonpaths)) throw new CopyError('Invalid JSONPaths file: it has no jsonpaths');
  return jsonpaths.map((path) => {
    const steps = [...path.matchAll(/\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]/g)];
    if (!path.startsWith('$') || 1 + steps.reduce((sum, [whole]) => sum + whole.length, 0) !== path.length)
      throw new CopyError(`Invalid JSONPath format: ${path}`);
    return steps.map(([, name, quoted, index]) => (name ?? quoted ?? index)!);
  });
}

export function cellsByPath(row: JsonObject, paths: readonly (readonly string[])[]): Cell[] {
  return paths.map((steps) => {
    let value: unknown = row;
    for (const step of steps)
      value = typeof value === 'object' && value !== null ? (value as JsonObject)[step] : undefined;
    return cellOf(value);
  });
}
