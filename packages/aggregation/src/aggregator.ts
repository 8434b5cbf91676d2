import { createHash } from 'node:crypto';
import { isAggregated } from './deaggregate.ts';
import type { UserRecord } from './user-record.ts';
import { digestLength, field, magic, recordField, varintLength, writeVarint } from './wire.ts';

/** A Kinesis record, to be put as it is. */
export interface AggregatedRecord {
  readonly partitionKey: string;
  readonly explicitHashKey?: string | undefined;
  readonly data: Uint8Array;
  /** How many user records it holds. */
  readonly count: number;
}

export interface AggregationLimits {
  /** Bytes of the Kinesis record's data; 51,200 is what the KPL makes of it by default, 1 MiB the most a stream takes. */
  readonly maxBytes?: number;
  /** User records in one. */
  readonly maxCount?: number;
}

const usualBytes = 51_200;

interface Placed {
  readonly record: UserRecord;
  readonly partitionKey: number;
  readonly explicitHashKey: number | undefined;
}

/**
 * Gathers user records into one Kinesis record. All of one should belong to one shard: it is stored where the first record's
 * key belongs.
 */
export class Aggregator {
  readonly #maxBytes: number;
  readonly #maxCount: number;
  readonly #partitionKeys = new Map<string, number>();
  readonly #explicitHashKeys = new Map<string, number>();
  readonly #placed: Placed[] = [];
  #bytes = magic.length + digestLength;

  constructor({ maxBytes = usualBytes, maxCount = Infinity }: AggregationLimits = {}) {
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
  }

  /** User records gathered so far. */
  get count(): number {
    return this.#placed.length;
  }

  /** The data's length if `take` were called now. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a record. False, and nothing is added, where it does not fit beside what is there: `take` first. The first one always
   * fits, for it travels alone if it must.
   */
  add(record: UserRecord): boolean {
    const { partitionKey, explicitHashKey } = record;
    const key = this.#partitionKeys.get(partitionKey) ?? this.#partitionKeys.size;
    const hashKey =
      explicitHashKey === undefined
        ? undefined
        : (this.#explicitHashKeys.get(explicitHashKey) ?? this.#explicitHashKeys.size);
    const placed = { record, partitionKey: key, explicitHashKey: hashKey };
    let added = fieldLength(recordLength(placed));
    if (key === this.#partitionKeys.size) added += fieldLength(Buffer.byteLength(partitionKey));
    if (hashKey !== undefined && hashKey === this.#explicitHashKeys.size)
      added += fieldLength(Buffer.byteLength(explicitHashKey!));
    if (this.count > 0 && (this.#bytes + added > this.#maxBytes || this.count >= this.#maxCount)) return false;
    this.#partitionKeys.set(partitionKey, key);
    if (hashKey !== undefined) this.#explicitHashKeys.set(explicitHashKey!, hashKey);
    this.#placed.push(placed);
    this.#bytes += added;
    return true;
  }

  /** What was gathered as one Kinesis record, and begins anew; undefined when nothing was. */
  take(): AggregatedRecord | undefined {
    const first = this.#placed[0]?.record;
    if (first === undefined) return undefined;
    const { partitionKey, explicitHashKey } = first;
    const isAlone = this.count === 1 && !isAggregated(first.data);
    // One alone travels as it is; one that is an aggregated record itself would be taken apart by readers.
    const data = isAlone ? first.data : this.#encode();
    const taken = { partitionKey, ...(explicitHashKey !== undefined && { explicitHashKey }), data, count: this.count };
    this.#partitionKeys.clear();
    this.#explicitHashKeys.clear();
    this.#placed.length = 0;
    this.#bytes = magic.length + digestLength;
    return taken;
  }

  #encode(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#bytes);
    let at = magic.copy(bytes);
    for (const key of this.#partitionKeys.keys()) at = writeText(bytes, at, field.partitionKeys, key);
    for (const key of this.#explicitHashKeys.keys()) at = writeText(bytes, at, field.explicitHashKeys, key);
    for (const placed of this.#placed) at = writeRecord(bytes, at, placed);
    createHash('md5').update(bytes.subarray(magic.length, at)).digest().copy(bytes, at);
    return bytes;
  }
}

/** Gathers a row of records into as few Kinesis records as the limits allow, in order. */
export function* aggregate(
  records: Iterable<UserRecord>,
  limits: AggregationLimits = {},
): Generator<AggregatedRecord, void> {
  const aggregator = new Aggregator(limits);
  for (const record of records) {
    if (aggregator.add(record)) continue;
    yield aggregator.take()!;
    aggregator.add(record);
  }
  const last = aggregator.take();
  if (last !== undefined) yield last;
}

/** A field of wire type 2 with a tag of one byte. */
function fieldLength(length: number): number {
  return 1 + varintLength(length) + length;
}

function recordLength({ record, partitionKey, explicitHashKey }: Placed): number {
  const hashKeyLength = explicitHashKey === undefined ? 0 : 1 + varintLength(explicitHashKey);
  return 1 + varintLength(partitionKey) + hashKeyLength + fieldLength(record.data.length);
}

function writeText(bytes: Buffer, at: number, tag: number, text: string): number {
  bytes[at] = tag;
  const start = writeVarint(bytes, at + 1, Buffer.byteLength(text));
  return start + bytes.write(text, start);
}

function writeRecord(bytes: Buffer, from: number, placed: Placed): number {
  const { record, partitionKey, explicitHashKey } = placed;
  bytes[from] = field.records;
  let at = writeVarint(bytes, from + 1, recordLength(placed));
  bytes[at] = recordField.partitionKey;
  at = writeVarint(bytes, at + 1, partitionKey);
  if (explicitHashKey !== undefined) {
    bytes[at] = recordField.explicitHashKey;
    at = writeVarint(bytes, at + 1, explicitHashKey);
  }
  bytes[at] = recordField.data;
  at = writeVarint(bytes, at + 1, record.data.length);
  bytes.set(record.data, at);
  return at + record.data.length;
}
