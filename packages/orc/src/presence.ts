import { ByteBuilder } from './byte-builder.ts';
import { encodeBytes } from './encodings/byte-rle.ts';
import type { OutputStream } from './output-stream.ts';

const scratch = new ByteBuilder(4096);

/**
 * Bits of a stripe, one a value. They are encoded when the stripe is done, for a row group may begin within a byte: its
 * position is the byte's place and the bits of it to skip.
 */
export class Bits {
  #bytes = new Uint8Array(128);
  count = 0;

  push(bit: number): void {
    const at = this.count >>> 3;
    if (at === this.#bytes.length) this.#grow();
    const mask = 0x80 >>> (this.count & 7);
    // What was rolled back may have left its bit.
    if (bit === 1) this.#bytes[at]! |= mask;
    else this.#bytes[at]! &= ~mask;
    this.count += 1;
  }

  get heldBytes(): number {
    return (this.count + 7) >>> 3;
  }

  /** Writes all and begins anew; answers the positions of the row groups that begin at the bits `starts`. */
  encode(stream: OutputStream, starts: readonly number[]): number[][] {
    const end = this.heldBytes;
    if ((this.count & 7) !== 0) this.#bytes[end - 1]! &= 0xff << (8 - (this.count & 7));
    let written = 0;
    const positions = starts.map((start) => {
      // A run begins with the group's first byte, so there are no bytes of a run to skip.
      written = this.#write(stream, written, Math.min(start >>> 3, end));
      const position: number[] = [];
      stream.position(position);
      position.push(0, start & 7);
      return position;
    });
    this.#write(stream, written, end);
    this.count = 0;
    return positions;
  }

  #write(stream: OutputStream, from: number, to: number): number {
    if (to <= from) return from;
    encodeBytes(this.#bytes.subarray(from, to), scratch);
    stream.write(scratch.view());
    scratch.clear();
    return to;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Which of a column's values are there: counts alone until the first null. */
export class Presence {
  readonly #bits = new Bits();
  #hasNulls = false;
  #count = 0;
  #present = 0;

  /** Values of the stripe, nulls among them. */
  get count(): number {
    return this.#count;
  }

  /** Values of the stripe that are not null. */
  get present(): number {
    return this.#present;
  }

  get hasNulls(): boolean {
    return this.#hasNulls;
  }

  get heldBytes(): number {
    return this.#bits.heldBytes;
  }

  addNull(): void {
    if (!this.#hasNulls) {
      for (let index = 0; index < this.#count; index += 1) this.#bits.push(1);
      this.#hasNulls = true;
    }
    this.#bits.push(0);
    this.#count += 1;
  }

  addValue(): void {
    if (this.#hasNulls) this.#bits.push(1);
    this.#count += 1;
    this.#present += 1;
  }

  /** Back to when there were so many values, and of them so many present. */
  rollback(count: number, present: number): void {
    this.#count = count;
    this.#present = present;
    if (count === present) this.#hasNulls = false;
    this.#bits.count = this.#hasNulls ? count : 0;
  }

  encode(stream: OutputStream, starts: readonly number[]): number[][] {
    return this.#bits.encode(stream, starts);
  }

  reset(): void {
    this.#bits.count = 0;
    this.#hasNulls = false;
    this.#count = 0;
    this.#present = 0;
  }
}
