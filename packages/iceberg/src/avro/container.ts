import { deflateRawSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import avsc from 'avsc';
import type { Type } from 'avsc';
import { IcebergError, unsupported } from '../errors.ts';

/** A schema as JSON, with attributes that Avro does not know: Iceberg's `field-id` is one. */
export type AvroSchema = string | readonly AvroSchema[] | { readonly [name: string]: unknown };

const magic = Buffer.from('Obj\u0001', 'latin1');
const syncBytes = 16;
/** What a block of a manifest may inflate to. */
const mostBlockBytes = 64 << 20;

/** Longs as bigints: a snapshot id has 63 bits. */
const longType = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint | number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b)),
});

function typeOf(schema: AvroSchema): Type {
  // Unions of null and one other are that other or null.
  return avsc.Type.forSchema(schema as avsc.Schema, { registry: { long: longType }, wrapUnions: false });
}

const headerType = avsc.Type.forSchema({ type: 'map', values: 'bytes' });
const plainLong = avsc.Type.forSchema('long');

/**
 * Writes an object container file (https://avro.apache.org/docs/1.12.0/specification/#object-container-files) of one block. The
 * header has the schema as it was given: avsc's own files leave out what Avro does not know. `sync` is sixteen random bytes.
 */
export function writeContainer(
  schema: AvroSchema,
  metadata: Readonly<Record<string, string>>,
  records: readonly unknown[],
  sync: Buffer,
): Buffer {
  const type = typeOf(schema);
  const data = deflateRawSync(Buffer.concat(records.map((record) => type.toBuffer(record))));
  const header = { ...metadata, 'avro.schema': JSON.stringify(schema), 'avro.codec': 'deflate' };
  const values = Object.fromEntries(Object.entries(header).map(([key, value]) => [key, Buffer.from(value)]));
  const block = [plainLong.toBuffer(records.length), plainLong.toBuffer(data.length), data, sync];
  return Buffer.concat([magic, headerType.toBuffer(values), sync, ...(records.length === 0 ? [] : block)]);
}

export interface Container {
  readonly metadata: ReadonlyMap<string, string>;
  readonly records: readonly unknown[];
}

/** Reads one. `adapt` makes of the writer's schema the one to read by: other names, the same bytes. Throws IcebergError. */
export function readContainer(file: Buffer, adapt: (schema: AvroSchema) => AvroSchema): Container {
  if (!file.subarray(0, magic.length).equals(magic)) throw unsupported('a file that should be Avro is none');
  try {
    return readBlocks(file, adapt);
  } catch (error) {
    if (error instanceof IcebergError) throw error;
    // Whatever JSON, zlib and avsc say of bytes that are not what they should be.
    throw unsupported(`an Avro file cannot be read: ${(error as Error).message}`);
  }
}

function readBlocks(file: Buffer, adapt: (schema: AvroSchema) => AvroSchema): Container {
  const header = decode<Record<string, Buffer>>(headerType, file, magic.length);
  const metadata = new Map(Object.entries(header.value).map(([key, value]) => [key, value.toString()]));
  const type = typeOf(adapt(JSON.parse(metadata.get('avro.schema') ?? 'null') as AvroSchema));
  const inflate = codecOf(metadata.get('avro.codec') ?? 'null');
  const records: unknown[] = [];
  const sync = file.subarray(header.end, header.end + syncBytes);
  if (sync.length < syncBytes) throw unsupported('an Avro file ends within its header');
  let at = header.end + syncBytes;
  while (at < file.length) {
    const count = decode<number>(plainLong, file, at);
    const length = decode<number>(plainLong, file, count.end);
    const end = length.end + length.value;
    if (count.value < 0 || length.value < 0 || !file.subarray(end, end + syncBytes).equals(sync))
      throw unsupported('an Avro file has a block that is none');
    const data = inflate(file.subarray(length.end, end));
    let from = 0;
    for (let index = 0; index < count.value; index += 1) {
      const record = decode(type, data, from);
      records.push(record.value);
      from = record.end;
    }
    at = end + syncBytes;
  }
  return { metadata, records };
}

function decode<Value>(type: Type, bytes: Buffer, from: number): { value: Value; end: number } {
  const { value, offset } = type.decode(bytes, from);
  if (offset < 0) throw unsupported('an Avro file ends within a value');
  return { value: value as Value, end: offset };
}

function codecOf(name: string): (data: Buffer) => Buffer {
  const limit = { maxOutputLength: mostBlockBytes };
  switch (name) {
    case 'null':
      return (data) => data;
    case 'deflate':
      return (data) => inflateRawSync(data, limit);
    case 'zstandard':
      return (data) => zstdDecompressSync(data, limit);
    default:
      throw unsupported(`Avro files compressed by ${name} are not read`);
  }
}
