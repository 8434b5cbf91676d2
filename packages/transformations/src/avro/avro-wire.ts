import { RecordError, SettingsError } from '../transformation.ts';

/*
 * What stands before a record's Avro, by AVRO_ENCODING.
 *
 *   raw         nothing
 *   confluent   0, schema id (4 bytes, big-endian)
 *   glue        3, compression (0 none, 5 zlib), schema version id (16 bytes, a UUID)
 *   file        an object container file, whose schema is its own
 */

export const encodings = ['raw', 'confluent', 'glue', 'file'] as const;
export type Encoding = (typeof encodings)[number];

export interface Framed {
  /** As a registry names it: digits, or a UUID; undefined where nothing stands before the body. */
  readonly schemaId: string | undefined;
  readonly body: Buffer;
  readonly isDeflated: boolean;
}

/** Takes the header off. Throws RecordError for another one. */
export function unframe(encoding: Encoding, data: Buffer): Framed {
  if (encoding === 'confluent') {
    if (data.length < 5 || data[0] !== 0) throw new RecordError("the record does not begin with Confluent's header");
    return { schemaId: String(data.readUInt32BE(1)), body: data.subarray(5), isDeflated: false };
  }
  if (encoding === 'glue') {
    if (data.length < 18 || data[0] !== 3 || (data[1] !== 0 && data[1] !== 5))
      throw new RecordError("the record does not begin with the Glue schema registry's header");
    return { schemaId: uuidOf(data.subarray(2, 18)), body: data.subarray(18), isDeflated: data[1] === 5 };
  }
  return { schemaId: undefined, body: data, isDeflated: false };
}

/** The header that AVRO_SCHEMA_ID asks for. Throws SettingsError. */
export function headerOf(encoding: Encoding, schemaId: string | undefined): Buffer {
  if (encoding === 'confluent') {
    const id = Number(schemaId);
    if (!/^\d{1,10}$/.test(schemaId ?? '') || id > 0xff_ff_ff_ff)
      throw new SettingsError('AVRO_SCHEMA_ID is the number of a schema, of 32 bits');
    const header = Buffer.alloc(5);
    header.writeUInt32BE(id, 1);
    return header;
  }
  if (encoding === 'glue') {
    if (!/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(schemaId ?? ''))
      throw new SettingsError('AVRO_SCHEMA_ID is the UUID of a schema version');
    return Buffer.from(`0300${schemaId!.replaceAll('-', '')}`, 'hex');
  }
  if (schemaId !== undefined) throw new SettingsError(`AVRO_SCHEMA_ID has no place in AVRO_ENCODING=${encoding}`);
  return Buffer.alloc(0);
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
