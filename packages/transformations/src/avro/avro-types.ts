import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { schema, Type } from 'avsc';
import { SettingsError } from '../transformation.ts';
import type { Environment } from '../transformation.ts';

/** What a schema says of a type beside the type. */
export interface LogicalAttributes {
  readonly logicalType: string;
  readonly scale: number;
}

/** avsc's own types forget what they do not know; a logical type is kept beside its type. */
const logical = new WeakMap<Type, LogicalAttributes>();

/** The logical type of a type, where it has one. */
export function logicalOf(type: Type): LogicalAttributes | undefined {
  return logical.get(type);
}

interface Tap {
  readonly buf: Uint8Array;
  readonly pos: number;
  readLong: () => number;
  skipLong: () => void;
  readString: () => string;
}

interface Reading {
  _read: (tap: Tap) => unknown;
}

/**
 * How many items a block of an array or a map begins with. A record has no block of more items than it has bytes left: without
 * this look a few bytes that are no Avro at all would be read as billions of items. Throws Error.
 */
function blockItems(tap: Tap): number {
  const written = tap.readLong();
  if (written < 0) tap.skipLong();
  const items = Math.abs(written);
  if (items > tap.buf.length - tap.pos) throw new Error('the record ends within an array or a map');
  return items;
}

class BoundedArray extends avro.types.ArrayType {
  _read(tap: Tap): unknown[] {
    const values: unknown[] = [];
    const item = this.itemsType as unknown as Reading;
    for (let items = blockItems(tap); items > 0; items = blockItems(tap))
      for (let index = 0; index < items; index += 1) values.push(item._read(tap));
    return values;
  }
}

class BoundedMap extends avro.types.MapType {
  _read(tap: Tap): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    const value = this.valuesType as unknown as Reading;
    for (let items = blockItems(tap); items > 0; items = blockItems(tap))
      for (let index = 0; index < items; index += 1) entries.push([tap.readString(), value._read(tap)]);
    return Object.fromEntries(entries);
  }
}

/** Longs are bigints, all 64 bits of them. */
function longType(): Type {
  return avro.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(value);
      return buffer;
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    compare: (left: bigint, right: bigint) => (left < right ? -1 : Number(left > right)),
  });
}

/** A decimal is written with as many digits, and a file brings a schema of its own. */
const mostScale = 10_000;

type Options = Parameters<typeof avro.Type.forSchema>[1];

/** A type of its own for each place that has a logical type, because avsc shares its primitive types. */
function typeFor(given: unknown, options: Options): Type | undefined {
  if (given === 'long') return longType();
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  const found = given as Record<string, unknown>;
  const type = construct(found, options);
  const { logicalType, scale = 0 } = found;
  if (type !== undefined && typeof logicalType === 'string') {
    if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > mostScale)
      throw new Error(`scale is a whole number up to ${mostScale}`);
    logical.set(type, { logicalType, scale });
  }
  return type;
}

function construct(found: Record<string, unknown>, options: Options): Type | undefined {
  const types = avro.types as unknown as Record<string, new (schema?: unknown, options?: unknown) => Type>;
  if (found['type'] === 'array') return new BoundedArray(found as unknown as schema.ArrayType, options);
  if (found['type'] === 'map') return new BoundedMap(found as unknown as schema.MapType, options);
  if (found['type'] === 'long') return longType();
  if (found['logicalType'] === undefined) return undefined;
  if (found['type'] === 'int') return new types['IntType']!();
  if (found['type'] === 'bytes') return new types['BytesType']!();
  if (found['type'] === 'fixed') return new types['FixedType']!(found, options);
  return undefined;
}

/** A type of a schema in JSON. Throws SettingsError, naming where the schema is from. */
export function readSchema(text: string, source: string): Type {
  try {
    return typeOf(JSON.parse(text));
  } catch (error) {
    throw new SettingsError(`${source} is no Avro schema: ${(error as Error).message}`);
  }
}

/** A type of a schema. Throws Error. */
export function typeOf(given: unknown): Type {
  return avro.Type.forSchema(given as schema.AvroSchema, {
    wrapUnions: 'always',
    omitRecordMethods: true,
    typeHook: typeFor,
  });
}

/** AVRO_SCHEMA, or the file that AVRO_SCHEMA_FILE names. Throws SettingsError. */
export function schemaOf(environment: Environment): Type | undefined {
  const { AVRO_SCHEMA: text, AVRO_SCHEMA_FILE: file } = environment;
  if (text !== undefined && file !== undefined)
    throw new SettingsError('AVRO_SCHEMA and AVRO_SCHEMA_FILE are both set');
  if (text !== undefined) return readSchema(text, 'AVRO_SCHEMA');
  if (file === undefined) return undefined;
  let read: string;
  try {
    read = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingsError(`AVRO_SCHEMA_FILE: ${(error as Error).message}`);
  }
  return readSchema(read, file);
}
