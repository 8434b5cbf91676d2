import { hash } from 'node:crypto';
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

/**
 * Gathers user records into one Kinesis record. All of one should belong to one shard: it is stored where the first record's
 * key belongs. Records are encoded as they come: nothing is kept of them but their bytes.
 */
export class Aggregator {
  readonly #maxBytes: number;
  readonly #maxCount: number;
  readonly #partitionKeys = new Map<string, number>();
  readonly #explicitHashKeys = new Map<string, number>();
  #first: UserRecord | undefined;
  #count = 0;
  /** The records' fields, one behind the other; the tables of keys come before them when all are known. */
  #records = Buffer.alloc(0);
  #recordBytes = 0;
  #keyBytes = 0;

  constructor({ maxBytes = usualBytes, maxCount = Infinity }: AggregationLimits = {}) {
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
  }

  /** User records gathered so far. */
  get count(): number {
    return this.#count;
  }

  /** The data's length if `take` were called now. */
  get bytes(): number {
    return magic.length + this.#keyBytes + this.#recordBytes + digestLength;
  }

  /**
   * Adds a record. False, and nothing is added, where it does not fit beside what is there: `take` first. The first one always
   * fits, for it travels alone if it must.
   */
  add(record: UserRecord): boolean {
    const { partitionKey, explicitHashKey, data } = record;
    const key = this.#partitionKeys.get(partitionKey) ?? this.#partitionKeys.size;
    let hashKey = -1;
    let keyBytes = 0;
    if (key === this.#partitionKeys.size) keyBytes = fieldLength(Buffer.byteLength(partitionKey));
    let length = 1 + varintLength(key) + fieldLength(data.length);
    if (explicitHashKey !== undefined) {
      hashKey = this.#explicitHashKeys.get(explicitHashKey) ?? this.#explicitHashKeys.size;
      if (hashKey === this.#explicitHashKeys.size) keyBytes += fieldLength(Buffer.byteLength(explicitHashKey));
      length += 1 + varintLength(hashKey);
    }
    const isFull = this.#count >= this.#maxCount || this.bytes + keyBytes + fieldLength(length) > this.#maxBytes;
    if (isFull && this.#count > 0) return false;
    if (this.#count === 0) this.#first = record;
    this.#count += 1;
    if (keyBytes > 0) {
      this.#partitionKeys.set(partitionKey, key);
      if (hashKey >= 0) this.#explicitHashKeys.set(explicitHashKey!, hashKey);
      this.#keyBytes += keyBytes;
    }
    this.#makeRoom(fieldLength(length));
    this.#recordBytes = writeRecord(this.#records, this.#recordBytes, { length, key, hashKey, data });
    return true;
  }

  /** What was gathered as one Kinesis record, and begins anew; undefined when nothing was. */
  take(): AggregatedRecord | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    const { partitionKey, explicitHashKey } = first;
    const isAlone = this.#count === 1 && !isAggregated(first.data);
    // One alone travels as it is; one that is an aggregated record itself would be taken apart by readers.
    const data = isAlone ? first.data : this.#encode();
    const taken = { partitionKey, ...(explicitHashKey !== undefined && { explicitHashKey }), data, count: this.#count };
    this.#partitionKeys.clear();
    this.#explicitHashKeys.clear();
    this.#first = undefined;
    this.#count = 0;
    this.#recordBytes = 0;
    this.#keyBytes = 0;
    return taken;
  }

  #makeRoom(bytes: number): void {
    const wanted = this.#recordBytes + bytes;
    if (wanted <= this.#records.length) return;
    // What a lone record needs at first, then twice as much each time: few copies, and no more than twice the bytes.
    const grown = Buffer.allocUnsafe(Math.max(wanted, this.#recordBytes * 2));
    this.#records.copy(grown, 0, 0, this.#recordBytes);
    this.#records = grown;
  }

  #encode(): Buffer {
    const bytes = Buffer.allocUnsafe(this.bytes);
    let at = magic.copy(bytes);
    for (const key of this.#partitionKeys.keys()) at = writeText(bytes, at, field.partitionKeys, key);
    for (const key of this.#explicitHashKeys.keys()) at = writeText(bytes, at, field.explicitHashKeys, key);
    at += this.#records.copy(bytes, at, 0, this.#recordBytes);
    hash('md5', bytes.subarray(magic.length, at), 'buffer').copy(bytes, at);
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

function writeText(bytes: Buffer, at: number, tag: number, text: string): number {
  bytes[at] = tag;
  const start = writeVarint(bytes, at + 1, Buffer.byteLength(text));
  return start + bytes.write(text, start);
}

/** `hashKey` is negative where there is none. Answers the place behind it. */
function writeRecord(
  bytes: Buffer,
  from: number,
  { length, key, hashKey, data }: { length: number; key: number; hashKey: number; data: Uint8Array },
): number {
  bytes[from] = field.records;
  let at = writeVarint(bytes, from + 1, length);
  bytes[at] = recordField.partitionKey;
  at = writeVarint(bytes, at + 1, key);
  if (hashKey >= 0) {
    bytes[at] = recordField.explicitHashKey;
    at = writeVarint(bytes, at + 1, hashKey);
  }
  bytes[at] = recordField.data;
  at = writeVarint(bytes, at + 1, data.length);
  bytes.set(data, at);
  return at + data.length;
}
