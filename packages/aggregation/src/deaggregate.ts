import { createHash } from 'node:crypto';
import { digestLength, field, magic, recordField, WireError, WireReader } from './wire.ts';
import type { UserRecord } from './user-record.ts';

/** A record as GetRecords and SubscribeToShard give it. */
export interface KinesisRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

/** A user record that was read. Its data are a view of the Kinesis record's. */
export interface UserRecordRead extends UserRecord {
  /** Its place in the Kinesis record, from 0: with the sequence number it says where a reader stands. */
  readonly subSequenceNumber: number;
  /** False for a record that travelled alone. */
  readonly isAggregated: boolean;
}

/** A shard's range, both ends included. */
export interface HashKeyRange {
  readonly startingHashKey: bigint;
  readonly endingHashKey: bigint;
}

/**
 * The user records of a Kinesis record, in the order they were put. A record that is not aggregated, or only looks so (a wrong
 * digest, a damaged message), is itself its one user record, untouched.
 *
 * With `within`, an aggregated record is left out as a whole when one of its records hashes outside of that range: a producer
 * sent it by an old map of the shards and puts all of it again (KCL: AggregatorUtil drops it; KPL: a record that "did not end up
 * in expected shard" is retried).
 */
export function deaggregate(record: KinesisRecord, { within }: { within?: HashKeyRange } = {}): UserRecordRead[] {
  const bytes = asBuffer(record.data);
  const message = messageOf(bytes);
  if (message !== undefined) {
    try {
      const records = readMessage(message);
      return within === undefined || records.every((one) => isWithin(one, within)) ? records : [];
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }
  return [{ partitionKey: record.partitionKey, data: record.data, subSequenceNumber: 0, isAggregated: false }];
}

/** Whether the bytes begin and end as an aggregated record's do: the magic number and the right digest. */
export function isAggregated(data: Uint8Array): boolean {
  return messageOf(asBuffer(data)) !== undefined;
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function messageOf(bytes: Buffer): Buffer | undefined {
  if (bytes.length < magic.length + digestLength || !bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const message = bytes.subarray(magic.length, bytes.length - digestLength);
  const digest = createHash('md5').update(message).digest();
  return digest.equals(bytes.subarray(bytes.length - digestLength)) ? message : undefined;
}

function readMessage(message: Buffer): UserRecordRead[] {
  const partitionKeys: string[] = [];
  const explicitHashKeys: string[] = [];
  const records: Buffer[] = [];
  for (const reader = new WireReader(message, 0, message.length); !reader.isAtEnd;) {
    const tag = reader.varint();
    if (tag === field.partitionKeys) partitionKeys.push(reader.bytes().toString());
    else if (tag === field.explicitHashKeys) explicitHashKeys.push(reader.bytes().toString());
    else if (tag === field.records) records.push(reader.bytes());
    else reader.skip(tag);
  }
  // The tables may stand behind the records: indices are looked up when all of it was read.
  return records.map((bytes, subSequenceNumber) => {
    const { partitionKey, explicitHashKey, data } = readRecord(bytes);
    const key = partitionKeys[partitionKey];
    const hashKey = explicitHashKey === undefined ? undefined : explicitHashKeys[explicitHashKey];
    if (key === undefined || (explicitHashKey !== undefined && hashKey === undefined))
      throw new WireError('an index outside of its table');
    const read = { partitionKey: key, data, subSequenceNumber, isAggregated: true };
    return hashKey === undefined ? read : { ...read, explicitHashKey: hashKey };
  });
}

function readRecord(bytes: Buffer): { partitionKey: number; explicitHashKey: number | undefined; data: Buffer } {
  let partitionKey: number | undefined;
  let explicitHashKey: number | undefined;
  let data: Buffer | undefined;
  for (const reader = new WireReader(bytes, 0, bytes.length); !reader.isAtEnd;) {
    const tag = reader.varint();
    if (tag === recordField.partitionKey) partitionKey = reader.varint();
    else if (tag === recordField.explicitHashKey) explicitHashKey = reader.varint();
    else if (tag === recordField.data) data = reader.bytes();
    else reader.skip(tag);
  }
  if (partitionKey === undefined || data === undefined) throw new WireError('a record without its key or data');
  return { partitionKey, explicitHashKey, data };
}

function isWithin({ partitionKey, explicitHashKey }: UserRecord, range: HashKeyRange): boolean {
  // A hash key that is none says nothing: such a record stays with the one it came in.
  if (explicitHashKey !== undefined && !/^\d+$/.test(explicitHashKey)) return true;
  const hash = BigInt(explicitHashKey ?? `0x${createHash('md5').update(partitionKey).digest('hex')}`);
  return hash >= range.startingHashKey && hash <= range.endingHashKey;
}
