import { unsupported } from '../errors.ts';

const simpleKinds = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'string',
  'binary',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'uuid',
] as const;

/**
 * A column's type (https://iceberg.apache.org/spec/#schemas-and-data-types). `fixed` is missing: the writer of Parquet files has
 * no place for it. A row's values are booleans; numbers, and bigints where a double is too small; texts; Buffers for binary; days
 * since 1970 for date; microseconds for times and timestamps; the unscaled integer for decimals; an unsigned integer of 128 bits
 * for uuid; arrays of values for lists and structs, arrays of pairs for maps; null.
 */
export type IcebergType = PrimitiveType | ListType | MapType | StructType;

export type PrimitiveType =
  | { readonly kind: (typeof simpleKinds)[number] }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number };

export interface ListType {
  readonly kind: 'list';
  readonly elementId: number;
  readonly element: IcebergType;
  readonly isElementRequired: boolean;
}

export interface MapType {
  readonly kind: 'map';
  readonly keyId: number;
  readonly key: IcebergType;
  readonly valueId: number;
  readonly value: IcebergType;
  readonly isValueRequired: boolean;
}

export interface StructType {
  readonly kind: 'struct';
  readonly fields: readonly IcebergField[];
}

export interface IcebergField {
  readonly id: number;
  readonly name: string;
  readonly type: IcebergType;
  readonly isRequired: boolean;
}

/** Types in types, at most. Firehose has 16. */
const deepest = 32;

type Json = Readonly<Record<string, unknown>>;

/** A schema as the specification's JSON has it. Throws IcebergError for what is none, or has a type that is not written. */
export function parseSchema(json: unknown): StructType {
  const type = parseType(json, '', 0);
  if (type.kind !== 'struct') throw unsupported('a schema is a struct');
  return type;
}

function parseType(json: unknown, path: string, depth: number): IcebergType {
  if (depth > deepest) throw unsupported(`column ${path} is nested more than ${deepest} types deep`);
  if (typeof json === 'string') return parsePrimitive(json, path);
  const object = (typeof json === 'object' && json !== null ? json : {}) as Json;
  switch (object['type']) {
    case 'struct':
      return parseStruct(object, path, depth);
    case 'list':
      return {
        kind: 'list',
        elementId: idOf(object, 'element-id', path),
        element: parseType(object['element'], `${path}[]`, depth + 1),
        isElementRequired: object['element-required'] === true,
      };
    case 'map':
      return {
        kind: 'map',
        keyId: idOf(object, 'key-id', path),
        key: parseType(object['key'], `${path}[key]`, depth + 1),
        valueId: idOf(object, 'value-id', path),
        value: parseType(object['value'], `${path}[value]`, depth + 1),
        isValueRequired: object['value-required'] === true,
      };
    default:
      throw unsupported(`column ${path} has a type that is none: ${JSON.stringify(object['type'] ?? json)}`);
  }
}

function parseStruct(object: Json, path: string, depth: number): StructType {
  const fields = Array.isArray(object['fields']) ? (object['fields'] as Json[]) : [];
  if (fields.length === 0) throw unsupported(`${path === '' ? 'the table' : `column ${path}`} has no fields`);
  return {
    kind: 'struct',
    fields: fields.map((field) => {
      const { name } = field;
      if (typeof name !== 'string' || name === '') throw unsupported(`a field of ${path || 'the table'} has no name`);
      const inner = path === '' ? name : `${path}.${name}`;
      return {
        id: idOf(field, 'id', inner),
        name,
        type: parseType(field['type'], inner, depth + 1),
        isRequired: field['required'] === true,
      };
    }),
  };
}

function idOf(object: Json, key: string, path: string): number {
  const id = object[key];
  if (!Number.isSafeInteger(id)) throw unsupported(`column ${path} has no ${key}`);
  return id as number;
}

const decimalText = /^decimal\(\s*(?<precision>\d{1,2})\s*,\s*(?<scale>\d{1,2})\s*\)$/;

function parsePrimitive(text: string, path: string): PrimitiveType {
  const kind = simpleKinds.find((known) => known === text);
  if (kind !== undefined) return { kind };
  const { precision, scale } = decimalText.exec(text)?.groups ?? {};
  if (
    precision !== undefined &&
    Number(precision) >= 1 &&
    Number(precision) <= 38 &&
    Number(scale) <= Number(precision)
  )
    return { kind: 'decimal', precision: Number(precision), scale: Number(scale) };
  throw unsupported(`column ${path} is of type ${text}, which is not written`);
}
