import { crc32 } from 'node:zlib';
import type { BlockCipher } from '../shard-log-types.ts';
import type { LogRecord, StoredRecord } from '../log-record.ts';

/*
 * An entry is one append to one shard: the same bytes in the journal and, after the flush, in the shard's segment.
 *
 *   entry   = header payload
 *   header  = payloadLength u32 | crc u32 | epoch u32 | keyRef u32 | count u32 | logId u48 | firstIndex u48 | arrivalMs u48 | batch u32 | start u32
 *   payload = record*count                     when keyRef is 0
 *           | sealed(record*count)             else, with header bytes 12 to 38 as context
 *   record  = keyLength u16 | dataLength u32 | key (UTF-8) | data
 *
 * All numbers are big-endian. crc is CRC-32 of everything behind it. epoch is the journal file's, so that the remains of
 * an earlier use of a recycled file are not taken for entries. batch counts the writes to the journal and start is where
 * in the file this entry's write began: they tell what a failed write left behind from what came later, and a write that a
 * crash tore from damage. In a segment all three say nothing.
 */
export const headerLength = 46;
/** The part of the header that a sealed payload is bound to: what does not change from journal to segment. */
const contextEnd = 38;
const recordHeaderLength = 6;
/** A request has 16 MiB at most. */
const largestPayload = 32 << 20;

/** Where an entry's header is filled in: when its place in the shard is known. */
export interface EntryPlace {
  readonly epoch: number;
  readonly batch: number;
  readonly start: number;
  readonly logId: number;
  readonly firstIndex: number;
  readonly arrivalMs: number;
}

export interface EntryHeader extends EntryPlace {
  /** Header and payload. */
  readonly length: number;
  readonly keyRef: number;
  readonly count: number;
}

/** What an entry of these records takes at most. */
export function entryRoom(records: readonly LogRecord[]): number {
  let length = headerLength;
  for (const { partitionKey, data } of records) {
    // A UTF-16 unit takes at most three bytes: enough room without measuring.
    length += recordHeaderLength + partitionKey.length * 3 + data.length;
  }
  return length;
}

/**
 * Lays records out behind an empty header at `start`; answers the place behind them. The bytes are copied: the caller's
 * buffers are free again.
 */
export function encodeEntry(records: readonly LogRecord[], bytes: Buffer, start: number): number {
  let at = start + headerLength;
  for (const { partitionKey, data } of records) {
    const keyLength = bytes.write(partitionKey, at + recordHeaderLength);
    bytes.writeUInt16BE(keyLength, at);
    bytes.writeUInt32BE(data.length, at + 2);
    at += recordHeaderLength + keyLength;
    bytes.set(data, at);
    at += data.length;
  }
  return at;
}

/** Fills in the header of an encoded entry and seals its payload; answers the bytes for the disk. */
export function finishEntry(
  plain: Buffer,
  count: number,
  place: EntryPlace,
  seal?: { cipher: BlockCipher; keyRef: number },
): Buffer {
  plain.writeUInt32BE(plain.length - headerLength, 0);
  plain.writeUInt32BE(place.epoch, 8);
  plain.writeUInt32BE(seal?.keyRef ?? 0, 12);
  plain.writeUInt32BE(count, 16);
  plain.writeUIntBE(place.logId, 20, 6);
  plain.writeUIntBE(place.firstIndex, 26, 6);
  plain.writeUIntBE(place.arrivalMs, 32, 6);
  plain.writeUInt32BE(place.batch, 38);
  plain.writeUInt32BE(place.start, 42);
  if (seal === undefined) {
    plain.writeUInt32BE(crc32(plain.subarray(8)), 4);
    return plain;
  }
  const sealed = seal.cipher.seal(seal.keyRef, plain.subarray(headerLength), plain.subarray(12, contextEnd));
  const bytes = Buffer.concat([plain.subarray(0, headerLength), sealed]);
  bytes.writeUInt32BE(sealed.length, 0);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/**
 * Reads the header of the entry at `at`. Answers 'short' when the bytes end before the entry does (`need` more would tell),
 * 'bad' when this is no entry or a bit of it differs.
 */
export function readEntry(bytes: Buffer, at: number, largestLength: number): EntryHeader | 'short' | 'bad' {
  if (bytes.length - at < headerLength) return 'short';
  const length = headerLength + bytes.readUInt32BE(at);
  if (length > largestLength) return 'bad';
  if (bytes.length - at < length) return 'short';
  if (crc32(bytes.subarray(at + 8, at + length)) !== bytes.readUInt32BE(at + 4)) return 'bad';
  return {
    length,
    epoch: bytes.readUInt32BE(at + 8),
    keyRef: bytes.readUInt32BE(at + 12),
    count: bytes.readUInt32BE(at + 16),
    logId: bytes.readUIntBE(at + 20, 6),
    firstIndex: bytes.readUIntBE(at + 26, 6),
    arrivalMs: bytes.readUIntBE(at + 32, 6),
    batch: bytes.readUInt32BE(at + 38),
    start: bytes.readUInt32BE(at + 42),
  };
}

/** Whether an entry of this shard may begin at `at`: cheap to ask at every byte where damage hides the next one. */
export function mayBeEntryOf(bytes: Buffer, at: number, logId: number): boolean {
  return bytes.readUIntBE(at + 20, 6) === logId && bytes.readUInt32BE(at) <= largestPayload;
}

/** The length an entry claims, to read as much of it as there is; not yet believed. */
export function claimedLength(bytes: Buffer, at: number): number {
  return headerLength + bytes.readUInt32BE(at);
}

/** The plain records of a whole entry, as one payload. */
export function openPayload(entry: Buffer, header: EntryHeader, cipher: BlockCipher): Buffer {
  const payload = entry.subarray(headerLength, header.length);
  return header.keyRef === 0 ? payload : cipher.open(header.keyRef, payload, entry.subarray(12, contextEnd));
}

/** Where a read stands: what it collected and what it may still take. */
export interface Collection {
  readonly records: StoredRecord[];
  /** The next index wanted. */
  next: number;
  remainingRecords: number;
  remainingBytes: number;
  full: boolean;
}

/** Takes the records from `into.next` on out of a plain payload, as far as the limits allow. Data are views of it. */
export function collectRecords(
  payload: Buffer,
  entry: { firstIndex: number; count: number; arrivalMs: number; keyRef: number },
  into: Collection,
): void {
  const end = entry.firstIndex + entry.count;
  let at = 0;
  for (let index = entry.firstIndex; index < end; index += 1) {
    const keyEnd = at + recordHeaderLength + payload.readUInt16BE(at);
    const dataEnd = keyEnd + payload.readUInt32BE(at + 2);
    if (index >= into.next) {
      const size = dataEnd - at - recordHeaderLength;
      if (into.remainingRecords === 0 || (size > into.remainingBytes && into.records.length > 0)) {
        into.full = true;
        return;
      }
      into.records.push({
        index,
        arrivalMs: entry.arrivalMs,
        keyRef: entry.keyRef,
        partitionKey: payload.toString('utf8', at + recordHeaderLength, keyEnd),
        data: payload.subarray(keyEnd, dataEnd),
      });
      into.next = index + 1;
      into.remainingRecords -= 1;
      into.remainingBytes -= size;
    }
    at = dataEnd;
  }
}
