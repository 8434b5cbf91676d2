import type { AvroSchema } from '../avro/container.ts';

/** A field that must be there, with the id by which readers know it. */
export function required(id: number, name: string, type: AvroSchema): AvroSchema {
  return { name, type, 'field-id': id };
}

/** A field that may be null. */
export function optional(id: number, name: string, type: AvroSchema): AvroSchema {
  return { name, type: ['null', type], default: null, 'field-id': id };
}

/** Avro's maps have keys of text only: those of field ids are lists of pairs. */
export function idMap(keyId: number, valueId: number, value: AvroSchema): AvroSchema {
  const fields = [required(keyId, 'key', 'int'), required(valueId, 'value', value)];
  return { type: 'array', logicalType: 'map', items: { type: 'record', name: `k${keyId}_v${valueId}`, fields } };
}

export function record(name: string, fields: readonly AvroSchema[]): AvroSchema {
  return { type: 'record', name, fields };
}

/** The schema's names become those of the ids, whatever the writer has called them: readers go by ids. */
export function renameById(schema: AvroSchema, names: ReadonlyMap<number, string>): AvroSchema {
  if (typeof schema === 'string') return schema;
  if (isList(schema)) return schema.map((inner) => renameById(inner, names));
  const renamed: Record<string, unknown> = { ...schema };
  for (const key of ['type', 'items', 'values'])
    if (typeof renamed[key] === 'object') renamed[key] = renameById(renamed[key] as AvroSchema, names);
  if (Array.isArray(schema['fields']))
    renamed['fields'] = (schema['fields'] as Record<string, unknown>[]).map((field) => {
      const id = field['field-id'];
      const name = (typeof id === 'number' ? names.get(id) : undefined) ?? field['name'];
      // Defaults and aliases are for readers with another schema than the writer's.
      return { name, type: renameById(field['type'] as AvroSchema, names) };
    });
  return renamed;
}

function isList(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema);
}
