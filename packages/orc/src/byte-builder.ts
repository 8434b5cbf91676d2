/** Bytes that grow at their end; encoders write into it, streams copy out of it. */
export class ByteBuilder {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  /** Makes room for `count` more bytes: what writes to `bytes` itself calls this first. */
  reserve(count: number): void {
    const wanted = this.length + count;
    if (wanted <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  append(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /** Base 128, least significant first. `value`: an integer from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80_00_00_00) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** The same of an integer of any size from 0. */
  wideVarint(value: bigint): void {
    let rest = value;
    while (rest > 0x1f_ff_ff_ff_ff_ffn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.varint(Number(rest));
  }

  /** Zigzag, then base 128: of an integer within ±2^52, or any bigint. */
  signedVarint(value: number | bigint): void {
    if (typeof value === 'number') this.varint(value < 0 ? -2 * value - 1 : 2 * value);
    else this.wideVarint(value < 0n ? -2n * value - 1n : 2n * value);
  }

  /** What was written since the last `clear`; a view, good until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}
