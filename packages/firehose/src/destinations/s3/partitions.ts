import { partitionKeyBytes, prefixKeys } from '../../delivery/object-name.ts';
import type { PrefixKey } from '../../delivery/object-name.ts';
import type { FailedRecord } from '../../delivery/failed-record.ts';
import { extractionFailed } from '../../processing/metadata-extraction.ts';
import { ProcessingError } from '../../processing/processing-error.ts';
import { failedPart } from '../../processing/processed-record.ts';
import type { PartitionKeys, ProcessedRecord } from '../../processing/processed-record.ts';

/** What a record takes beside its data. */
const recordBytes = 320;
const nothing = Buffer.alloc(0);

/** The records of a window below one prefix, in their order. */
export interface PartitionRecords {
  /** The same for the same keys. */
  readonly id: string;
  readonly keys: PartitionKeys;
  oldestMs: number;
  readonly records: ProcessedRecord[];
}

/** Sorts a window's records by the partition keys that the prefix has. They are held until they are stored. */
export class Partitions {
  /** What they take, records of a few bytes too. */
  heldBytes = 0;
  isExceeded = false;
  readonly all = new Map<string, PartitionRecords>();
  /** Records that belong nowhere. */
  readonly failed: FailedRecord[] = [];
  readonly #keys: readonly PrefixKey[];
  readonly #most: number;

  constructor(prefix: string | undefined, most: number) {
    this.#keys = prefixKeys(prefix);
    this.#most = most;
  }

  /** Takes records in, with one copy of their data. */
  add(records: readonly ProcessedRecord[]): void {
    const page = Buffer.concat(records.map(({ data }) => data));
    this.heldBytes += page.length + records.length * recordBytes;
    let end = 0;
    for (const record of records) {
      end += record.data.length;
      const own = kept(record, page.subarray(end - record.data.length, end));
      try {
        this.#partitionOf(record).records.push(own);
      } catch (error) {
        if (!(error instanceof ProcessingError)) throw error;
        this.failed.push(failedPart(record, error));
      }
    }
  }

  #partitionOf({ keys = {}, arrivalMs }: ProcessedRecord): PartitionRecords {
    const values = this.#keys.map(({ from, name }) => checkedValue(name, keys[from]?.[name]));
    if (values.reduce((sum, value) => sum + Buffer.byteLength(value), 0) > partitionKeyBytes)
      throw extractionFailed('The partition keys make a prefix that is too long.');
    const id = JSON.stringify(values);
    const known = this.all.get(id);
    if (known !== undefined) {
      known.oldestMs = Math.min(known.oldestMs, arrivalMs);
      return known;
    }
    this.isExceeded ||= this.all.size >= this.#most;
    if (this.isExceeded)
      throw new ProcessingError(
        'DynamicPartitioning.ActivePartitionsLimitExceeded',
        `There are more than ${this.#most} active partitions.`,
        { outputType: 'activePartitionExceeded' },
      );
    const partition = { id, keys, oldestMs: arrivalMs, records: [] };
    this.all.set(id, partition);
    return partition;
  }
}

/** A record without its keys, which are its partition's, and what it came in, which is lent and would keep alive what is around it. */
function kept({ arrivalMs, logId, index, piece, source }: ProcessedRecord, data: Buffer): ProcessedRecord {
  const own = { data, arrivalMs, logId, index, piece };
  // Where it lay in a stream is told of records that do not convert.
  return source?.origin.shard === undefined ? own : { ...own, source: { ...source, data: nothing } };
}

/** Throws for what no object's name could have, or what would lead out of its prefix: it would be refused until it expires. */
function checkedValue(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw extractionFailed(`The partition key ${name} is null or empty.`);
  if (!value.isWellFormed() || value.includes('\0'))
    throw extractionFailed(`The partition key ${name} has a character that names of objects cannot have.`);
  if (value.split('/').some((part) => part === '.' || part === '..'))
    throw extractionFailed(`The partition key ${name} has a part that is '.' or '..'.`);
  return value;
}
