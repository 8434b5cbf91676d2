import { readContainer, writeContainer } from '../avro/container.ts';
import type { AvroSchema } from '../avro/container.ts';
import { unsupported } from '../errors.ts';
import type { BoundPartitionField } from '../schema/partitioning.ts';
import { singleValue } from '../schema/single-value.ts';
import { isTextBefore } from '../schema/metrics.ts';
import type { PrimitiveType } from '../schema/types.ts';
import { optional, record, renameById, required } from './avro-fields.ts';
import type { StoredDataFile } from './manifest.ts';

/** A line of a manifest list, by the names of format version 2. */
export type ManifestFile = Readonly<Record<string, unknown>>;

const summary = record('r508', [
  required(509, 'contains_null', 'boolean'),
  optional(518, 'contains_nan', 'boolean'),
  optional(510, 'lower_bound', 'bytes'),
  optional(511, 'upper_bound', 'bytes'),
]);
const partitions = optional(507, 'partitions', { type: 'array', items: summary, 'element-id': 508 });

const schemaOfFirst = record('manifest_file', [
  required(500, 'manifest_path', 'string'),
  required(501, 'manifest_length', 'long'),
  required(502, 'partition_spec_id', 'int'),
  optional(503, 'added_snapshot_id', 'long'),
  optional(504, 'added_files_count', 'int'),
  optional(505, 'existing_files_count', 'int'),
  optional(506, 'deleted_files_count', 'int'),
  optional(512, 'added_rows_count', 'long'),
  optional(513, 'existing_rows_count', 'long'),
  optional(514, 'deleted_rows_count', 'long'),
  partitions,
  optional(519, 'key_metadata', 'bytes'),
]);

const schemaOfSecond = record('manifest_file', [
  required(500, 'manifest_path', 'string'),
  required(501, 'manifest_length', 'long'),
  required(502, 'partition_spec_id', 'int'),
  required(517, 'content', 'int'),
  required(515, 'sequence_number', 'long'),
  required(516, 'min_sequence_number', 'long'),
  required(503, 'added_snapshot_id', 'long'),
  required(504, 'added_files_count', 'int'),
  required(505, 'existing_files_count', 'int'),
  required(506, 'deleted_files_count', 'int'),
  required(512, 'added_rows_count', 'long'),
  required(513, 'existing_rows_count', 'long'),
  required(514, 'deleted_rows_count', 'long'),
  partitions,
  optional(519, 'key_metadata', 'bytes'),
]);

const names = namesOf(schemaOfSecond);
const counts = [503, 504, 505, 506, 512, 513, 514].map((id) => names.get(id)!);

function namesOf(schema: AvroSchema, found = new Map<number, string>()): Map<number, string> {
  if (typeof schema === 'string') return found;
  for (const inner of Array.isArray(schema) ? (schema as AvroSchema[]) : Object.values(schema))
    if (typeof inner === 'object' && inner !== null) namesOf(inner as AvroSchema, found);
  if ('field-id' in schema) found.set(schema['field-id'] as number, schema['name'] as string);
  return found;
}

/** The manifests of a snapshot, whoever wrote the list. Throws IcebergError. */
export function readManifestList(file: Buffer): ManifestFile[] {
  const { records } = readContainer(file, (schema) => renameById(schema, names));
  return records.map((line) => {
    const manifest: Record<string, unknown> = { ...(line as ManifestFile) };
    // A list of version 1: what is missing there is version 2's default.
    for (const [name, value] of Object.entries({ content: 0, sequence_number: 0n, min_sequence_number: 0n }))
      manifest[name] ??= value;
    return manifest;
  });
}

export interface ManifestListParts {
  readonly formatVersion: 1 | 2;
  readonly snapshotId: bigint;
  readonly parentId: bigint | undefined;
  readonly sequenceNumber: bigint;
  readonly manifests: readonly ManifestFile[];
  /** Sixteen random bytes. */
  readonly sync: Buffer;
}

/** A snapshot's manifest list (https://iceberg.apache.org/spec/#manifest-lists). */
export function writeManifestList(parts: ManifestListParts): Buffer {
  const { formatVersion, snapshotId, parentId, sequenceNumber, manifests, sync } = parts;
  const metadata = {
    'snapshot-id': `${snapshotId}`,
    'parent-snapshot-id': `${parentId ?? 'null'}`,
    'format-version': `${formatVersion}`,
    ...(formatVersion === 1 ? {} : { 'sequence-number': `${sequenceNumber}` }),
  };
  // Counts that a list of version 1 left out: version 2 cannot do without them.
  const missing = manifests.find((manifest) => counts.some((name) => (manifest[name] ?? null) === null));
  if (formatVersion === 2 && missing !== undefined)
    throw unsupported(
      `the table has a manifest without counts, as early writers made them: ${String(missing['manifest_path'])}`,
    );
  return writeContainer(formatVersion === 1 ? schemaOfFirst : schemaOfSecond, metadata, manifests, sync);
}

/** The line of a manifest that a snapshot adds. */
export function newManifestFile(
  where: { readonly location: string; readonly byteLength: number; readonly specId: number },
  snapshot: { readonly snapshotId: bigint; readonly sequenceNumber: bigint },
  files: readonly StoredDataFile[],
  fields: readonly BoundPartitionField[],
): ManifestFile {
  return {
    manifest_path: where.location,
    manifest_length: where.byteLength,
    partition_spec_id: where.specId,
    content: 0,
    sequence_number: snapshot.sequenceNumber,
    min_sequence_number: snapshot.sequenceNumber,
    added_snapshot_id: snapshot.snapshotId,
    added_files_count: files.length,
    existing_files_count: 0,
    deleted_files_count: 0,
    added_rows_count: files.reduce((sum, { rows }) => sum + rows, 0),
    existing_rows_count: 0,
    deleted_rows_count: 0,
    partitions: fields.map(({ resultType }, index) =>
      fieldSummary(
        resultType,
        files.map(({ partition }) => partition[index] ?? null),
      ),
    ),
    key_metadata: null,
  };
}

function fieldSummary(type: PrimitiveType, values: readonly unknown[]): Record<string, unknown> {
  const present = values.filter((value) => value !== null && !Number.isNaN(value));
  let [least, most] = [present[0], present[0]];
  for (const value of present) {
    if (isBefore(type, value, least)) least = value;
    if (isBefore(type, most, value)) most = value;
  }
  return {
    contains_null: values.includes(null),
    contains_nan: values.some(Number.isNaN),
    lower_bound: least === undefined ? null : singleValue(type, least),
    upper_bound: most === undefined ? null : singleValue(type, most),
  };
}

function isBefore({ kind }: PrimitiveType, a: unknown, b: unknown): boolean {
  if (kind === 'string') return isTextBefore(a as string, b as string);
  if (kind === 'binary') return Buffer.compare(a as Buffer, b as Buffer) < 0;
  return (a as number) < (b as number);
}
