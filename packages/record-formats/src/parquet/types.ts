import type { OrcField, OrcType, StructType } from '@millrace/orc';
import { ConversionSettingsError } from '../errors.ts';
import type { VectorType } from './vectors.ts';

/** The columns of a file, for the table it is made of. */
export interface ParquetColumns {
  /** As CREATE TABLE has them. */
  readonly sql: string;
  /** How the values come, column by column. */
  readonly types: readonly VectorType[];
  /** What COPY is told beside the SerDe's options. */
  readonly copyOptions: readonly string[];
}

/** A name as SQL quotes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** DuckDB's types of Hive's. Times are microseconds, which every reader of Parquet has; those of nanoseconds few have. */
const simpleTypes = {
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  int: 'INTEGER',
  bigint: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  char: 'VARCHAR',
  varchar: 'VARCHAR',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
} as const;

/** The columns of a Glue table. Throws ConversionSettingsError for names that differ in case only. */
export function glueColumns(type: StructType): ParquetColumns {
  return { sql: tableColumns(type), types: type.fields.map((field) => field.type), copyOptions: [] };
}

function tableColumns({ fields }: StructType): string {
  checkNames(fields);
  return fields.map(({ name, type }) => `${quoted(name)} ${sqlType(type)}`).join(', ');
}

function sqlType(type: OrcType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'array':
      return `${sqlType(type.element)}[]`;
    case 'map':
      return `MAP(${sqlType(type.key)}, ${sqlType(type.value)})`;
    case 'struct':
      return `STRUCT(${tableColumns(type)})`;
    default:
      return simpleTypes[type.kind];
  }
}

/** Throws ConversionSettingsError for names that differ in case only, which SQL takes for one. */
export function checkNames(fields: readonly Pick<OrcField, 'name'>[]): void {
  const seen = new Set<string>();
  for (const { name } of fields) {
    // SQL goes to DuckDB as a text of C, which ends there.
    if (name.includes('\0')) throw new ConversionSettingsError('Parquet: a name has a zero character');
    const folded = name.toLowerCase();
    if (seen.has(folded)) throw new ConversionSettingsError(`Parquet: ${name} and another name differ in case only`);
    seen.add(folded);
  }
}
