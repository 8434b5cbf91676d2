/*
 * The aggregated record (github.com/awslabs/amazon-kinesis-producer, aggregation-format.md):
 *
 *   record = f3 89 9a c2 | AggregatedRecord | MD5 of the AggregatedRecord (16 bytes)
 *
 *   message AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2;
 *                              repeated Record records = 3; }
 *   message Record           { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2;
 *                              required bytes data = 3; repeated Tag tags = 4; }
 *
 * Protobuf's own encoding: a field is its tag, number · 8 + wire type, and its value; wire type 0 is a varint, 1 eight bytes,
 * 2 a varint of length and as many bytes, 5 four bytes. Two messages of four fields are read and written here by hand: a
 * library for them would be larger than all of this package.
 */
export const magic = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
export const digestLength = 16;

export const field = { partitionKeys: 0x0a, explicitHashKeys: 0x12, records: 0x1a } as const;
export const recordField = { partitionKey: 0x08, explicitHashKey: 0x10, data: 0x1a } as const;

/** Bytes that a number takes as a varint. */
export function varintLength(value: number): number {
  let length = 1;
  for (let left = value; left >= 128; left = Math.floor(left / 128)) length += 1;
  return length;
}

/** Writes a number; answers the place behind it. */
export function writeVarint(target: Buffer, at: number, value: number): number {
  let left = value;
  let to = at;
  for (; left >= 128; left = Math.floor(left / 128)) target[to++] = (left % 128) | 128;
  target[to] = left;
  return to + 1;
}

/** The bytes are not the message they claim to be. */
export class WireError extends Error {}

/** Steps over the fields of a message. */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** A varint as a number; inexact beyond 2^53, where no length or index is valid. */
  varint(): number {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; count += 1, scale *= 128) {
      if (this.#at >= this.#end) throw new WireError('ends too early');
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new WireError('a number longer than ten bytes');
  }

  /** The bytes of a field of wire type 2, as a view. */
  bytes(): Buffer {
    const length = this.varint();
    const start = this.#at;
    this.#step(length);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Passes over the value of a field that is not known. */
  skip(tag: number): void {
    switch (tag % 8) {
      case 0:
        this.varint();
        return;
      case 1:
        this.#step(8);
        return;
      case 2:
        this.bytes();
        return;
      case 5:
        this.#step(4);
        return;
      default:
        throw new WireError(`wire type ${tag % 8}`);
    }
  }

  #step(length: number): void {
    if (length > this.#end - this.#at) throw new WireError('ends too early');
    this.#at += length;
  }
}
