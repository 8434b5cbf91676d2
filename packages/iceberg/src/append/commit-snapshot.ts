import { pause } from '@millrace/world';
import type { World } from '@millrace/world';
import type { RestCatalog, TableName } from '../catalog/rest-catalog.ts';
import { deliveryProperty } from '../catalog/table-metadata.ts';
import type { LoadedTable } from '../catalog/table-metadata.ts';
import type { TableFiles } from '../data-files.ts';
import { IcebergError, unsupported } from '../errors.ts';
import { newManifestFile, readManifestList, writeManifestList } from '../manifests/manifest-list.ts';
import type { ManifestFile } from '../manifests/manifest-list.ts';
import { writeManifest } from '../manifests/manifest.ts';
import type { StoredDataFile } from '../manifests/manifest.ts';
import { Partitioner } from '../schema/partitioning.ts';

export interface CommitContext {
  readonly catalog: RestCatalog;
  readonly files: TableFiles;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly signal: AbortSignal;
  /** Tries of the commit, each on what the table has become; then the append fails and may be tried again. */
  readonly mostAttempts: number;
}

export interface NewSnapshot {
  readonly name: TableName;
  readonly table: LoadedTable;
  readonly deliveryId: string;
  readonly files: readonly StoredDataFile[];
}

/** Between tries: from 100 ms, doubled, to 10 s, each shortened by up to a half by chance. */
const [firstPauseMs, longestPauseMs] = [100, 10_000];

/**
 * Adds files to a table as one snapshot, once. A snapshot counts only on top of the one that it was made on (the requirement
 * assert-ref-snapshot-id), and says which delivery it is. So one of ours that is under way with its answer lost can count only
 * before the next that is read: after every doubt the table is read anew, and the delivery looked for before it is tried again.
 * Resolves with the snapshot's id; rejects with IcebergError.
 */
export async function commitSnapshot(snapshot: NewSnapshot, context: CommitContext): Promise<bigint> {
  const { catalog, world, signal, mostAttempts } = context;
  const { name, deliveryId } = snapshot;
  const attempt = new SnapshotAttempt(snapshot, context);
  let { table } = snapshot;
  for (let count = 1; ; count += 1) {
    const outcome = await attempt.commit(table);
    if (outcome.kind === 'committed') return attempt.snapshotId;
    const longestMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (count - 1));
    await pause(world.clock, longestMs * (1 - world.random.fraction() / 2), [signal]);
    table = await catalog.loadTable(name, signal);
    const made = table.deliveries.get(deliveryId);
    if (made !== undefined) return made.id;
    if (table.uuid !== snapshot.table.uuid)
      throw new IcebergError('Iceberg.CatalogFailure', 'the table was made anew meanwhile', { isRetryable: true });
    if (count >= mostAttempts) {
      const reason = outcome.kind === 'unknown' ? outcome.reason : 'others changed the table at the same time';
      throw new IcebergError('Iceberg.CatalogFailure', `not committed: ${reason}`, { isRetryable: true });
    }
  }
}

class SnapshotAttempt {
  readonly snapshotId: bigint;
  readonly #snapshot: NewSnapshot;
  readonly #context: CommitContext;
  readonly #uuid: string;
  readonly #partitioner: Partitioner;
  #count = 0;
  #manifest: { readonly formatVersion: number; readonly location: string; readonly byteLength: number } | undefined;

  constructor(snapshot: NewSnapshot, context: CommitContext) {
    const { random } = context.world;
    this.#snapshot = snapshot;
    this.#context = context;
    this.#uuid = random.uuid();
    this.snapshotId = random.bytes(8).readBigUInt64BE() >> 1n;
    this.#partitioner = new Partitioner(snapshot.table.schema, snapshot.table.spec);
  }

  async commit(table: LoadedTable): ReturnType<RestCatalog['commit']> {
    const { catalog, files, world, signal } = this.#context;
    this.#count += 1;
    const sequenceNumber = table.formatVersion === 1 ? 0n : table.lastSequenceNumber + 1n;
    const manifest = await this.#storeManifest(table);
    const where = { ...manifest, specId: this.#snapshot.table.spec.id };
    const { snapshotId } = this;
    const line = newManifestFile(where, { snapshotId, sequenceNumber }, this.#snapshot.files, this.#partitioner.fields);
    const list = writeManifestList({
      formatVersion: table.formatVersion,
      snapshotId,
      parentId: table.current?.id,
      sequenceNumber,
      manifests: [line, ...(await this.#manifestsOf(table))],
      sync: world.random.bytes(16),
    });
    const location = `${metadataFolder(table)}/snap-${snapshotId}-${this.#count}-${this.#uuid}.avro`;
    await files.put(location, [list], signal);
    const parent = table.current;
    return await catalog.commit(
      this.#snapshot.name,
      {
        requirements: [
          { type: 'assert-table-uuid', uuid: table.uuid },
          { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': parent?.id ?? null },
        ],
        updates: [
          { action: 'add-snapshot', snapshot: this.#snapshotJson(table, location, sequenceNumber) },
          { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshotId },
        ],
      },
      signal,
    );
  }

  /** The manifest is the same for every try, unless the table's format version has changed. */
  async #storeManifest(table: LoadedTable): Promise<{ location: string; byteLength: number }> {
    const { files, world, signal } = this.#context;
    if (this.#manifest?.formatVersion === table.formatVersion) return this.#manifest;
    const bytes = writeManifest({
      // By the schema and spec that the files were written by.
      table: { ...this.#snapshot.table, formatVersion: table.formatVersion },
      fields: this.#partitioner.fields,
      snapshotId: this.snapshotId,
      files: this.#snapshot.files,
      sync: world.random.bytes(16),
    });
    const location = `${metadataFolder(table)}/${this.#uuid}-m${this.#count}.avro`;
    await files.put(location, [bytes], signal);
    this.#manifest = { formatVersion: table.formatVersion, location, byteLength: bytes.length };
    return this.#manifest;
  }

  async #manifestsOf({ current }: LoadedTable): Promise<readonly ManifestFile[]> {
    if (current === undefined) return [];
    if (current.manifestList === undefined)
      throw unsupported(
        `snapshot ${current.id} has its manifests in the metadata, as early writers of version 1 made it`,
      );
    const { files, signal } = this.#context;
    return readManifestList(await files.read(current.manifestList, signal));
  }

  #snapshotJson(table: LoadedTable, manifestList: string, sequenceNumber: bigint): unknown {
    const { files, deliveryId, table: written } = this.#snapshot;
    const before = table.current?.summary;
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    const bytes = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const partitions = new Set(files.map(({ partition }) => this.#partitioner.pathOf(partition))).size;
    return {
      'snapshot-id': this.snapshotId,
      ...(table.current === undefined ? {} : { 'parent-snapshot-id': table.current.id }),
      ...(table.formatVersion === 1 ? {} : { 'sequence-number': sequenceNumber }),
      // The clock may step back; catalogs refuse a snapshot from before the last change.
      'timestamp-ms': Math.max(Math.floor(this.#context.world.clock.now()), table.lastUpdatedMs),
      'manifest-list': manifestList,
      'schema-id': written.schemaId,
      summary: {
        operation: 'append',
        [deliveryProperty]: deliveryId,
        'added-data-files': `${files.length}`,
        'added-records': `${rows}`,
        'added-files-size': `${bytes}`,
        'changed-partition-count': `${partitions}`,
        ...total('total-data-files', files.length, before),
        ...total('total-records', rows, before),
        ...total('total-files-size', bytes, before),
        ...total('total-delete-files', 0, before),
        ...total('total-position-deletes', 0, before),
        ...total('total-equality-deletes', 0, before),
      },
    };
  }
}

/** Left out where the snapshot before has none to add to. */
function total(
  name: string,
  added: number,
  before: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const known = before === undefined ? '0' : before[name];
  return known !== undefined && /^\d{1,15}$/.test(known) ? { [name]: `${Number(known) + added}` } : {};
}

function metadataFolder({ properties, location }: LoadedTable): string {
  return (properties['write.metadata.path'] ?? `${location}/metadata`).replace(/\/+$/, '');
}
