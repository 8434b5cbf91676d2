import { inflateSync } from 'node:zlib';
import type { Type } from 'avsc';
import { readContainer } from './avro/avro-container.ts';
import { readSchema, schemaOf } from './avro/avro-types.ts';
import { Codecs } from './avro/avro-values.ts';
import { encodings, unframe } from './avro/avro-wire.ts';
import type { Framed } from './avro/avro-wire.ts';
import { jsonLines } from './json-documents.ts';
import { choice, RecordError, SettingsError, transformation } from './transformation.ts';
import type { Convert, Environment } from './transformation.ts';

/** What a deflated record may become: more is no answer that Lambda lets through. */
const mostBytes = 6 << 20;

/**
 * Avro to JSON. AVRO_SCHEMA or AVRO_SCHEMA_FILE is the schema; AVRO_ENCODING says what stands before the record. Where a record
 * names its schema, AVRO_SCHEMAS may have the schemas by their ids: records are then read as they were written, and resolved to
 * AVRO_SCHEMA where that is set, too.
 */
export function avroToJson(environment: Environment): Convert {
  const encoding = choice(environment, 'AVRO_ENCODING', encodings);
  const reader = schemaOf(environment);
  const codecs = new Codecs();
  const toJson = (type: Type, value: unknown): object => {
    const json = codecs.of(type).toJson(value as never);
    if (typeof json !== 'object' || json === null) throw new RecordError('the schema is not of a record');
    return json;
  };
  if (encoding === 'file')
    return (data) => {
      const { type, values } = readContainer(data, mostBytes);
      return jsonLines(values.map((value) => toJson(type, value)));
    };
  const decode = decoder(reader, writersOf(environment['AVRO_SCHEMAS']));
  return (data) => {
    const { type, value } = decode(unframe(encoding, data));
    return JSON.stringify(toJson(type, value));
  };
}

type Decode = (framed: Framed) => { readonly type: Type; readonly value: unknown };

function decoder(reader: Type | undefined, writers: ReadonlyMap<string, Type>): Decode {
  if (reader === undefined && writers.size === 0)
    throw new SettingsError('there is no schema: neither AVRO_SCHEMA nor AVRO_SCHEMA_FILE is set');
  const resolvers = new Map([...writers].map(([id, writer]) => [id, reader?.createResolver(writer)]));
  return ({ schemaId, body, isDeflated }) => {
    const writer = writers.size === 0 ? reader : writers.get(schemaId ?? '');
    if (writer === undefined) throw new RecordError(`AVRO_SCHEMAS has no schema ${schemaId ?? ''}`);
    const bytes = isDeflated ? inflateSync(body, { maxOutputLength: mostBytes }) : body;
    const type = reader ?? writer;
    return { type, value: type.fromBuffer(bytes, resolvers.get(schemaId ?? '')) };
  };
}

function writersOf(text: string | undefined): ReadonlyMap<string, Type> {
  if (text === undefined) return new Map();
  let schemas: Record<string, unknown>;
  try {
    schemas = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new SettingsError(`AVRO_SCHEMAS is an object of schemas by their ids: ${(error as Error).message}`);
  }
  const entries = Object.entries(schemas);
  return new Map(
    entries.map(([id, schema]) => [id.toLowerCase(), readSchema(JSON.stringify(schema), `AVRO_SCHEMAS: ${id}`)]),
  );
}

export const handler = transformation(avroToJson);
