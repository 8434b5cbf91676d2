import { IcebergError, unsupported } from '../errors.ts';
import type { PartitionSpec } from '../schema/partitioning.ts';
import { parseSchema } from '../schema/types.ts';
import type { StructType } from '../schema/types.ts';

/** What an append needs of a table, as the catalog had it when it was asked. */
export interface LoadedTable {
  readonly uuid: string;
  readonly formatVersion: 1 | 2;
  readonly location: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly schemaId: number;
  readonly schema: StructType;
  /** As the specification's JSON has them. */
  readonly schemaJson: unknown;
  readonly specFieldsJson: unknown;
  readonly spec: PartitionSpec;
  readonly lastSequenceNumber: bigint;
  readonly lastUpdatedMs: number;
  /** What branch main points at; undefined for a table that has nothing yet. */
  readonly current: Snapshot | undefined;
  /** All that are not expired, by the delivery that made them. */
  readonly deliveries: ReadonlyMap<string, Snapshot>;
  /** Another schema of the table, by its id. Throws IcebergError. */
  readonly schemaOf: (id: number | undefined) => StructType;
}

export interface Snapshot {
  readonly id: bigint;
  readonly manifestList: string | undefined;
  readonly schemaId: number | undefined;
  readonly summary: Readonly<Record<string, string>>;
}

/** The member of a snapshot's summary that names the delivery. */
export const deliveryProperty = 'millrace.delivery-id';

type Json = Readonly<Record<string, unknown>>;

/** Reads a table's metadata (https://iceberg.apache.org/spec/#table-metadata-fields). Throws IcebergError. */
export function readTableMetadata(json: unknown): LoadedTable {
  const metadata = objectOf(json);
  const formatVersion = metadata['format-version'];
  if (formatVersion !== 1 && formatVersion !== 2)
    throw unsupported(`the table is of format version ${String(formatVersion)}; versions 1 and 2 are written`);
  const [uuid, location] = [metadata['table-uuid'], metadata['location']];
  if (typeof uuid !== 'string' || typeof location !== 'string')
    throw new IcebergError('Iceberg.CatalogFailure', 'the catalog answered a table without uuid or location');
  const schemas = new Map(listOf(metadata['schemas'] ?? [metadata['schema']]).map((one) => [schemaIdOf(one), one]));
  const schemaId = Number(metadata['current-schema-id'] ?? 0);
  const schemaJson = schemas.get(schemaId);
  const specFieldsJson = specFields(metadata);
  const snapshots = new Map(
    listOf(metadata['snapshots'] ?? [])
      .map(readSnapshot)
      .map((one) => [one.id, one]),
  );
  const schemaOf = (id: number | undefined): StructType => parseSchema(schemas.get(id ?? schemaId));
  return {
    uuid,
    formatVersion,
    location: location.replace(/\/+$/, ''),
    properties: objectOf(metadata['properties']) as Record<string, string>,
    schemaId,
    schema: schemaOf(schemaId),
    schemaJson,
    specFieldsJson,
    spec: { id: Number(metadata['default-spec-id'] ?? 0), fields: specFieldsJson.map(readPartitionField) },
    lastSequenceNumber: idOf(metadata['last-sequence-number'] ?? 0),
    lastUpdatedMs: Number(metadata['last-updated-ms'] ?? 0),
    current: currentOf(metadata, snapshots),
    deliveries: deliveriesOf(snapshots),
    schemaOf,
  };
}

function specFields(metadata: Json): Json[] {
  const specs = metadata['partition-specs'];
  if (specs === undefined) return listOf(metadata['partition-spec'] ?? []);
  const wanted = metadata['default-spec-id'];
  return listOf(listOf(specs).find((spec) => spec['spec-id'] === wanted)?.['fields'] ?? []);
}

function readPartitionField(json: Json): PartitionSpec['fields'][number] {
  return {
    id: Number(json['field-id']),
    sourceId: Number(json['source-id']),
    name: String(json['name']),
    transform: String(json['transform']),
  };
}

function readSnapshot(json: Json): Snapshot {
  const list = json['manifest-list'];
  const schemaId = json['schema-id'];
  return {
    id: idOf(json['snapshot-id']),
    manifestList: typeof list === 'string' ? list : undefined,
    schemaId: typeof schemaId === 'number' ? schemaId : undefined,
    summary: objectOf(json['summary']) as Record<string, string>,
  };
}

function currentOf(metadata: Json, snapshots: ReadonlyMap<bigint, Snapshot>): Snapshot | undefined {
  const main = objectOf(objectOf(metadata['refs'])['main'])['snapshot-id'];
  const id = main ?? metadata['current-snapshot-id'];
  if (id === undefined || id === null || id === -1) return undefined;
  const currentId = idOf(id);
  const current = snapshots.get(currentId);
  if (current === undefined)
    throw new IcebergError('Iceberg.CatalogFailure', `the catalog answered a table without its snapshot ${currentId}`);
  return current;
}

function deliveriesOf(snapshots: ReadonlyMap<bigint, Snapshot>): Map<string, Snapshot> {
  const found = new Map<string, Snapshot>();
  for (const snapshot of snapshots.values()) {
    const id = snapshot.summary[deliveryProperty];
    if (id !== undefined) found.set(id, snapshot);
  }
  return found;
}

function schemaIdOf(json: Json): number {
  return Number(json['schema-id'] ?? 0);
}

function idOf(value: unknown): bigint {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return BigInt(value as number);
  throw new IcebergError('Iceberg.CatalogFailure', `the catalog answered an id that is none: ${String(value)}`);
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? (value as unknown[]).map(objectOf) : [];
}
