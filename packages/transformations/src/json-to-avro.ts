import { writeContainer } from './avro/avro-container.ts';
import { schemaOf } from './avro/avro-types.ts';
import { Codecs } from './avro/avro-values.ts';
import { encodings, headerOf } from './avro/avro-wire.ts';
import { objectsOf } from './json-documents.ts';
import { choice, RecordError, SettingsError, transformation } from './transformation.ts';
import type { Convert, Environment } from './transformation.ts';

/**
 * JSON to Avro by AVRO_SCHEMA or AVRO_SCHEMA_FILE. Members that the schema has not are left out; one that is missing has its
 * default, or is null where it may be. AVRO_ENCODING says what stands before the record, AVRO_SCHEMA_ID what is named there.
 */
export function jsonToAvro(environment: Environment): Convert {
  const encoding = choice(environment, 'AVRO_ENCODING', encodings);
  const type = schemaOf(environment);
  if (type === undefined)
    throw new SettingsError('there is no schema: neither AVRO_SCHEMA nor AVRO_SCHEMA_FILE is set');
  const codec = new Codecs().of(type);
  const header = headerOf(encoding, environment['AVRO_SCHEMA_ID']);
  return async (data) => {
    const values = objectsOf(data).map((object) => codec.fromJson(object, ''));
    if (encoding === 'file') return await writeContainer(type, values);
    if (values.length > 1) throw new RecordError('the record has several objects: only AVRO_ENCODING=file holds them');
    return Buffer.concat([header, type.toBuffer(values[0])]);
  };
}

export const handler = transformation(jsonToAvro);
