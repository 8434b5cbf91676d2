import type { IcebergField, IcebergType, StructType } from '@millrace/iceberg';
import { checkNames, quoted } from '../parquet/types.ts';
import type { ParquetColumns } from '../parquet/types.ts';
import type { VectorType } from '../parquet/vectors.ts';

/** DuckDB's types of Iceberg's; its Parquet types are those of https://iceberg.apache.org/spec/#parquet. */
const sqlTypes = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  binary: 'BLOB',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  uuid: 'UUID',
} as const;

/** How a file's rows are told apart by partition, beside the table's own columns. */
export interface TableColumns extends ParquetColumns {
  /** The column with the partition's number, which is in no file. */
  readonly partitionColumn: string;
  /** The table's own, as SELECT has them. */
  readonly select: string;
}

/** Throws ConversionSettingsError for names that differ in case only, which SQL takes for one. */
export function tableColumns(schema: StructType): TableColumns {
  const { fields } = schema;
  let partitionColumn = 'millrace_partition';
  while (fields.some(({ name }) => name.toLowerCase() === partitionColumn)) partitionColumn += '_';
  return {
    sql: `${sqlFields(fields)}, ${quoted(partitionColumn)} INTEGER`,
    types: [...fields.map(({ type }) => vectorType(type)), { kind: 'int' }],
    copyOptions: [`FIELD_IDS {${fields.map(fieldIds).join(', ')}}`],
    partitionColumn,
    select: fields.map(({ name }) => quoted(name)).join(', '),
  };
}

function sqlFields(fields: readonly IcebergField[]): string {
  checkNames(fields);
  return fields.map(({ name, type }) => `${quoted(name)} ${sqlType(type)}`).join(', ');
}

function sqlType(type: IcebergType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'list':
      return `${sqlType(type.element)}[]`;
    case 'map':
      return `MAP(${sqlType(type.key)}, ${sqlType(type.value)})`;
    case 'struct':
      return `STRUCT(${sqlFields(type.fields)})`;
    default:
      return sqlTypes[type.kind];
  }
}

/** Times and timestamps are microseconds already, as DuckDB has them. */
function vectorType(type: IcebergType): VectorType {
  switch (type.kind) {
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return { kind: 'bigint' };
    case 'decimal':
      return type;
    case 'list':
      return { kind: 'array', element: vectorType(type.element) };
    case 'map':
      return { kind: 'map', key: vectorType(type.key), value: vectorType(type.value) };
    case 'struct':
      return { kind: 'struct', fields: type.fields.map((field) => ({ type: vectorType(field.type) })) };
    default:
      return { kind: type.kind };
  }
}

/** https://duckdb.org/docs/stable/sql/statements/copy#parquet-options: by name, with a list's and a map's own names below. */
function fieldIds({ name, id, type }: Pick<IcebergField, 'name' | 'id' | 'type'>): string {
  const inner = innerFields(type).map(fieldIds);
  const key = `'${name.replaceAll("'", "''")}'`;
  return inner.length === 0 ? `${key}: ${id}` : `${key}: {__duckdb_field_id: ${id}, ${inner.join(', ')}}`;
}

function innerFields(type: IcebergType): readonly Pick<IcebergField, 'name' | 'id' | 'type'>[] {
  switch (type.kind) {
    case 'list':
      return [{ name: 'element', id: type.elementId, type: type.element }];
    case 'map':
      return [
        { name: 'key', id: type.keyId, type: type.key },
        { name: 'value', id: type.valueId, type: type.value },
      ];
    case 'struct':
      return type.fields;
    default:
      return [];
  }
}
