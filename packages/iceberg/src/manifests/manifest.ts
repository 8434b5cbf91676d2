import { writeContainer } from '../avro/container.ts';
import type { AvroSchema } from '../avro/container.ts';
import type { DataFile } from '../data-files.ts';
import { toJson } from '../json.ts';
import type { BoundPartitionField } from '../schema/partitioning.ts';
import { fixedBytes, uuidBytes } from '../schema/single-value.ts';
import type { PrimitiveType } from '../schema/types.ts';
import type { LoadedTable } from '../catalog/table-metadata.ts';
import { idMap, optional, record, required } from './avro-fields.ts';

/** A data file, and where it is. */
export interface StoredDataFile extends DataFile {
  readonly location: string;
}

/** What manifests of new files are made of. */
export interface ManifestParts {
  readonly table: LoadedTable;
  readonly fields: readonly BoundPartitionField[];
  readonly snapshotId: bigint;
  readonly files: readonly StoredDataFile[];
  /** Sixteen random bytes. */
  readonly sync: Buffer;
}

const added = 1;

/**
 * A manifest of files that a snapshot adds (https://iceberg.apache.org/spec/#manifests), in the table's format version. In
 * version 2 files inherit their sequence number from the manifest list, so that the manifest outlives a commit that is tried again.
 */
export function writeManifest({ table, fields, snapshotId, files, sync }: ManifestParts): Buffer {
  const isFirst = table.formatVersion === 1;
  const partition = record('r102', fields.map(partitionField));
  const schema = record('manifest_entry', [
    required(0, 'status', 'int'),
    ...(isFirst
      ? [required(1, 'snapshot_id', 'long')]
      : [
          optional(1, 'snapshot_id', 'long'),
          optional(3, 'sequence_number', 'long'),
          optional(4, 'file_sequence_number', 'long'),
        ]),
    required(2, 'data_file', record('r2', isFirst ? fieldsOfFirst(partition) : fieldsOfSecond(partition))),
  ]);
  const metadata = {
    schema: toJson(table.schemaJson),
    'schema-id': `${table.schemaId}`,
    'partition-spec': toJson(table.specFieldsJson),
    'partition-spec-id': `${table.spec.id}`,
    'format-version': `${table.formatVersion}`,
    ...(isFirst ? {} : { content: 'data' }),
  };
  const entries = files.map((file) => ({
    status: added,
    snapshot_id: snapshotId,
    sequence_number: null,
    file_sequence_number: null,
    data_file: dataFile(file, fields),
  }));
  return writeContainer(schema, metadata, entries, sync);
}

const countFields: readonly AvroSchema[] = [
  optional(109, 'value_counts', idMap(119, 120, 'long')),
  optional(110, 'null_value_counts', idMap(121, 122, 'long')),
  optional(137, 'nan_value_counts', idMap(138, 139, 'long')),
  optional(125, 'lower_bounds', idMap(126, 127, 'bytes')),
  optional(128, 'upper_bounds', idMap(129, 130, 'bytes')),
];

function fieldsOfFirst(partition: AvroSchema): AvroSchema[] {
  return [
    required(100, 'file_path', 'string'),
    required(101, 'file_format', 'string'),
    required(102, 'partition', partition),
    required(103, 'record_count', 'long'),
    required(104, 'file_size_in_bytes', 'long'),
    // Nobody reads it any more; version 1 wants it.
    required(105, 'block_size_in_bytes', 'long'),
    ...countFields,
    optional(140, 'sort_order_id', 'int'),
  ];
}

function fieldsOfSecond(partition: AvroSchema): AvroSchema[] {
  return [
    required(134, 'content', 'int'),
    required(100, 'file_path', 'string'),
    required(101, 'file_format', 'string'),
    required(102, 'partition', partition),
    required(103, 'record_count', 'long'),
    required(104, 'file_size_in_bytes', 'long'),
    ...countFields,
    optional(140, 'sort_order_id', 'int'),
  ];
}

function pairs(map: readonly (readonly [number, unknown])[]): unknown {
  return map.length === 0 ? null : map.map(([key, value]) => ({ key, value }));
}

function bytes(map: readonly (readonly [number, Uint8Array])[]): unknown {
  return pairs(map.map(([key, value]) => [key, Buffer.from(value)]));
}

function dataFile(file: StoredDataFile, fields: readonly BoundPartitionField[]): Record<string, unknown> {
  const { metrics } = file;
  return {
    content: 0,
    file_path: file.location,
    file_format: 'PARQUET',
    partition: Object.fromEntries(
      fields.map(({ id, resultType }, index) => [nameOf(id), avroValue(resultType, file.partition[index])]),
    ),
    record_count: file.rows,
    file_size_in_bytes: file.byteLength,
    block_size_in_bytes: 64 << 20,
    value_counts: pairs(metrics.valueCounts),
    null_value_counts: pairs(metrics.nullCounts),
    nan_value_counts: pairs(metrics.nanCounts),
    lower_bounds: bytes(metrics.lowerBounds),
    upper_bounds: bytes(metrics.upperBounds),
    sort_order_id: 0,
  };
}

/** Partition fields may be called anything, Avro's fields not: readers go by the id. */
function nameOf(id: number): string {
  return `p${id}`;
}

function partitionField({ id, resultType }: BoundPartitionField): AvroSchema {
  return optional(id, nameOf(id), avroType(resultType, id));
}

/** https://iceberg.apache.org/spec/#avro */
function avroType(type: PrimitiveType, id: number): AvroSchema {
  switch (type.kind) {
    case 'date':
      return { type: 'int', logicalType: 'date' };
    case 'time':
      return { type: 'long', logicalType: 'time-micros' };
    case 'timestamp':
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': type.kind === 'timestamptz' };
    case 'decimal': {
      const { precision, scale } = type;
      return {
        type: 'fixed',
        name: `decimal_${id}`,
        size: decimalBytes(precision),
        logicalType: 'decimal',
        precision,
        scale,
      };
    }
    case 'uuid':
      return { type: 'fixed', name: `uuid_${id}`, size: 16, logicalType: 'uuid' };
    case 'binary':
      return 'bytes';
    default:
      return type.kind;
  }
}

/** The fewest bytes that have every unscaled integer of so many digits. */
function decimalBytes(precision: number): number {
  let bytes = 1;
  while (2n ** BigInt(bytes * 8 - 1) < 10n ** BigInt(precision)) bytes += 1;
  return bytes;
}

function avroValue(type: PrimitiveType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  switch (type.kind) {
    case 'decimal':
      return fixedBytes(BigInt(value as number | bigint), decimalBytes(type.precision));
    case 'uuid':
      return uuidBytes(value as bigint);
    case 'binary':
      return Buffer.from(value as Uint8Array);
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return BigInt(value as number | bigint);
    default:
      return value;
  }
}
