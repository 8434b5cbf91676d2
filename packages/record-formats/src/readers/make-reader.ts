import type { OrcType } from '@millrace/orc';
import { misfit, unreadable } from '../errors.ts';
import { StructReader } from './struct-reader.ts';
import { binaryReader, booleanReader, textReader } from './texts.ts';
import { decimalReader, floatReader, integerReader } from './numbers.ts';
import type { Reader, Rules } from './reader.ts';

/** The reader of a type; `path` is for messages, as `order.items[].price`. */
export function makeReader(type: OrcType, path: string, rules: Rules): Reader {
  switch (type.kind) {
    case 'boolean':
      return booleanReader(path, rules);
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return integerReader(type.kind, path, rules);
    case 'float':
    case 'double':
      return floatReader(type.kind, path, rules);
    case 'decimal':
      return decimalReader(type, path, rules);
    case 'string':
    case 'char':
    case 'varchar':
      return textReader(type, path, rules);
    case 'binary':
      return binaryReader(path);
    case 'date':
      return (value) => rules.times.days(scalarText(value)) ?? refuse(value, path);
    case 'timestamp':
      return timestampReader(path, rules);
    case 'array':
      return arrayReader(makeReader(type.element, `${path}[]`, rules), path, rules);
    case 'map':
      return mapReader(type, path, rules);
    case 'struct':
      return structReader(new StructReader(structFields(type, path, rules), rules), path, rules);
  }
}

/** A struct's or row's fields with their readers. Column names of Glue are paths already. */
export function structFields(
  { fields }: Extract<OrcType, { kind: 'struct' }>,
  path: string,
  rules: Rules,
): ConstructorParameters<typeof StructReader>[0] {
  return fields.map(({ name, type }) => ({
    name,
    read: makeReader(type, path === '' ? name : `${path}.${name}`, rules),
  }));
}

/** A text as it is, a number's shortest text; undefined for anything else. */
function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return undefined;
}

function refuse(value: unknown, path: string): never {
  throw unreadable(typeof value === 'string' ? value : JSON.stringify(value), path);
}

function timestampReader(path: string, { times, target }: Rules): Reader {
  const instant = { seconds: 0, nanos: 0 };
  return (value) => {
    if (!times.instant(value, instant)) refuse(value, path);
    const { seconds, nanos } = instant;
    if (!target.hasInstant(seconds, nanos))
      throw misfit(`ORC has no place for the time ${JSON.stringify(value)}`, path);
    return nanos % 1_000_000 === 0
      ? seconds * 1000 + nanos / 1_000_000
      : BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
  };
}

function arrayReader(read: Reader, path: string, { isLenient }: Rules): Reader {
  return (value) => {
    if (!Array.isArray(value)) {
      if (!isLenient) throw misfit('java.io.IOException: Start of Array expected', path);
      return [read(value)];
    }
    const elements: unknown[] = [];
    for (const element of value as unknown[]) elements.push(element === null ? null : read(element));
    return elements;
  };
}

function structReader(reader: StructReader, path: string, { isLenient }: Rules): Reader {
  return (value) => {
    if (Array.isArray(value) && isLenient) return reader.readPlaces(value);
    if (isObject(value)) return reader.read(value);
    throw misfit('java.io.IOException: Start of Object expected', path);
  };
}

/** Objects of JSON, which arrays are not; nor are numbers that came as WrittenNumber. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function mapReader(type: Extract<OrcType, { kind: 'map' }>, path: string, rules: Rules): Reader {
  // Keys of JSON are texts, from which Hive's SerDe reads every type too.
  const readKey = makeReader(type.key, `${path}[key]`, { ...rules, isLenient: true });
  const read = makeReader(type.value, `${path}[value]`, rules);
  const fold = rules.foldMapKey;
  const isOneToOne = type.key.kind === 'string' && fold === undefined;
  return (value) => {
    if (!isObject(value)) throw misfit('java.io.IOException: Start of Object expected', path);
    const pairs: [unknown, unknown][] = [];
    for (const key of Object.keys(value)) {
      const inner = value[key];
      pairs.push([readKey(fold === undefined ? key : fold(key)), inner === null ? null : read(inner)]);
    }
    // "1" and "01" are one int: the later counts, as with two equal keys of JSON.
    return isOneToOne ? pairs : [...new Map(pairs)];
  };
}
