import type { World } from '@millrace/world';
import type { RestCatalog, TableName } from '../catalog/rest-catalog.ts';
import type { LoadedTable } from '../catalog/table-metadata.ts';
import type { DataFile, DataFileFormats, DataFiles, FailedRecord, TableFiles, TableLayout } from '../data-files.ts';
import type { StoredDataFile } from '../manifests/manifest.ts';
import { Partitioner } from '../schema/partitioning.ts';
import { commitSnapshot } from './commit-snapshot.ts';

export interface AppenderParts {
  readonly catalog: RestCatalog;
  readonly files: TableFiles;
  readonly formats: DataFileFormats;
  readonly world: Pick<World, 'clock' | 'random'>;
  /** Tries of a commit; 10 unless told. */
  readonly mostAttempts?: number | undefined;
  /** Partitions whose files are made at once; 256 unless told. */
  readonly mostPartitions?: number | undefined;
}

export interface Append {
  readonly table: TableName;
  /** Names the records: the same id comes with the same records, and with no others. */
  readonly deliveryId: string;
  /** One JSON object each. */
  readonly records: readonly Buffer[];
  /** Fires when nobody waits any more. What is under way may be there nevertheless: it is found by its id. */
  readonly signal: AbortSignal;
}

export interface AppendResult {
  /** The records that are not in the table, as they do not fit it. The others are in it, all of them. */
  readonly failed: readonly FailedRecord[];
  /** Undefined where no record fits. */
  readonly snapshotId: bigint | undefined;
}

/** What a call hands over at once, but for a single larger record: the worker's answer is waited for in between. */
const [recordsAtOnce, bytesAtOnce] = [4096, 4 << 20];

/** Appends records to tables, each delivery once. Holds one delivery's records, and one file at a time. */
export class TableAppender {
  readonly #parts: AppenderParts;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the records are in the table, as one snapshot, or are answered as failed. Rejects with IcebergError, or with
   * what the files rejected with; then the same append may be tried again, by this process or the next: what it did already is
   * found by its id, as long as the snapshot is not expired.
   */
  async append(append: Append): Promise<AppendResult> {
    const { catalog, files, world } = this.#parts;
    const { table: name, deliveryId, signal } = append;
    const table = await catalog.loadTable(name, signal);
    const made = table.deliveries.get(deliveryId);
    if (made !== undefined) {
      const schema = table.schemaOf(made.schemaId);
      const spec = { id: 0, fields: [] };
      const failed = await this.#readOnly({ schema, spec, mostPartitions: 1 }, append.records);
      return { failed, snapshotId: made.id };
    }
    const { stored, failed } = await this.#writeFiles(table, append);
    if (stored.length === 0) return { failed, snapshotId: undefined };
    const context = { catalog, files, world, signal, mostAttempts: this.#parts.mostAttempts ?? 10 };
    const snapshotId = await commitSnapshot({ name, table, deliveryId, files: stored }, context);
    return { failed, snapshotId };
  }

  /** Which records the delivery has left out, by the schema it was made by. */
  async #readOnly(layout: TableLayout, records: readonly Buffer[]): Promise<FailedRecord[]> {
    const made = await this.#parts.formats.createDataFiles(layout, () => undefined);
    try {
      return (await addAll(made, records, allOf(records))).failed;
    } finally {
      await made.close();
    }
  }

  async #writeFiles(
    table: LoadedTable,
    { records, signal }: Append,
  ): Promise<{ stored: StoredDataFile[]; failed: FailedRecord[] }> {
    const layout = { schema: table.schema, spec: table.spec, mostPartitions: this.#parts.mostPartitions ?? 256 };
    const folder = new DataFolder(table);
    const stored: StoredDataFile[] = [];
    const failed: FailedRecord[] = [];
    let open = allOf(records);
    while (open.length > 0) {
      let body: Buffer[] = [];
      const made = await this.#parts.formats.createDataFiles(layout, (bytes) => void body.push(Buffer.from(bytes)));
      try {
        const added = await addAll(made, records, open);
        for (const one of added.failed) failed.push(one);
        open = added.later;
        for (let file = await made.finishFile(); file !== undefined; file = await made.finishFile()) {
          const location = folder.place(file, this.#parts.world.random.uuid());
          await this.#parts.files.put(location, body, signal);
          stored.push({ ...file, location });
          body = [];
        }
      } finally {
        await made.close();
      }
    }
    return { stored, failed: failed.sort((a, b) => a.index - b.index) };
  }
}

class DataFolder {
  readonly #root: string;
  readonly #partitioner: Partitioner;

  constructor({ properties, location, schema, spec }: LoadedTable) {
    this.#root = (properties['write.data.path'] ?? `${location}/data`).replace(/\/+$/, '');
    this.#partitioner = new Partitioner(schema, spec);
  }

  /**
   * A name of its own for every try: a file that a snapshot has is never written again, were it by a try that everybody takes
   * for dead.
   */
  place({ partition }: DataFile, uuid: string): string {
    return [this.#root, this.#partitioner.pathOf(partition), `${uuid}.parquet`].filter((part) => part !== '').join('/');
  }
}

function allOf(records: readonly Buffer[]): number[] {
  return Array.from(records, (_, index) => index);
}

/** Adds the records of the places; answers places among all records. */
async function addAll(
  files: DataFiles,
  records: readonly Buffer[],
  places: readonly number[],
): Promise<{ failed: FailedRecord[]; later: number[] }> {
  const [failed, later]: [FailedRecord[], number[]] = [[], []];
  for (const some of slices(records, places)) {
    const added = await files.add(some.map((place) => records[place]!));
    for (const one of added.failed) failed.push({ ...one, index: some[one.index]! });
    for (const index of added.later) later.push(some[index]!);
  }
  return { failed, later };
}

function* slices(records: readonly Buffer[], places: readonly number[]): Generator<readonly number[]> {
  let [slice, bytes]: [number[], number] = [[], 0];
  for (const place of places) {
    const { length } = records[place]!;
    if (slice.length === recordsAtOnce || (slice.length > 0 && bytes + length > bytesAtOnce)) {
      yield slice;
      [slice, bytes] = [[], 0];
    }
    slice.push(place);
    bytes += length;
  }
  if (slice.length > 0) yield slice;
}
