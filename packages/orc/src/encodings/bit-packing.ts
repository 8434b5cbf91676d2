import type { ByteBuilder } from '../byte-builder.ts';

const twoTo32 = 2 ** 32;

/** Bits that the integer from 0 to 2^53 needs; 1 for 0. */
export function bitLength(value: number): number {
  if (value < twoTo32) return value < 2 ? 1 : 32 - Math.clz32(value);
  return 64 - Math.clz32(Math.floor(value / twoTo32));
}

/** The next width that packs into whole bytes or halves of them: the widths that the specification does not deprecate. */
export function alignedWidth(bits: number): number {
  if (bits <= 2) return bits;
  return bits <= 4 ? 4 : (bits + 7) & ~7;
}

/** The next width that the header's five bits can name. */
export function fixedWidth(bits: number): number {
  if (bits <= 24) return bits;
  return bits <= 32 ? (bits + 1) & ~1 : (bits + 7) & ~7;
}

/** The five bits for a fixed width from 1 to 64. */
export function widthCode(width: number): number {
  if (width <= 24) return width - 1;
  return width <= 32 ? width / 2 + 11 : width / 8 + 23;
}

/**
 * Packs values, big endian, each of an aligned width, the last byte filled with zeros.
 * `values`: integers from 0 to 2^53.
 */
export function packAligned(values: Float64Array, width: number, out: ByteBuilder): void {
  const count = values.length;
  out.reserve(Math.ceil((count * width) / 8));
  const { bytes } = out;
  let at = out.length;
  if (width < 8) {
    const perByte = 8 / width;
    for (let index = 0; index < count; index += perByte) {
      let byte = 0;
      for (let part = index; part < index + perByte; part += 1)
        byte = (byte << width) | (part < count ? values[part]! : 0);
      bytes[at++] = byte;
    }
  } else if (width === 8) {
    for (let index = 0; index < count; index += 1) bytes[at++] = values[index]!;
  } else if (width <= 32) {
    for (let index = 0; index < count; index += 1) {
      const value = values[index]!;
      for (let shift = width - 8; shift >= 0; shift -= 8) bytes[at++] = value >>> shift;
    }
  } else {
    for (let index = 0; index < count; index += 1) {
      const value = values[index]!;
      const high = Math.floor(value / twoTo32);
      for (let shift = width - 40; shift >= 0; shift -= 8) bytes[at++] = high >>> shift;
      at = bytes.writeUInt32BE(value % twoTo32, at);
    }
  }
  out.length = at;
}

/** Packs values of any width, most significant bit first. */
export class BitPacker {
  readonly #out: ByteBuilder;
  #byte = 0;
  #free = 8;

  constructor(out: ByteBuilder) {
    this.#out = out;
  }

  /** `value`: an integer from 0 to 2^53; it is put with leading zeros to `width` bits. */
  put(value: number, width: number): void {
    let left = width;
    if (left > 32) {
      const high = Math.floor(value / twoTo32);
      // Above bit 63 there is nothing but zeros to put.
      this.#put32(high, left - 32);
      left = 32;
    }
    this.#put32(value % twoTo32, left);
  }

  /** Fills the last byte with zeros. */
  end(): void {
    if (this.#free < 8) this.#out.byte(this.#byte << this.#free);
    this.#byte = 0;
    this.#free = 8;
  }

  #put32(value: number, width: number): void {
    let left = width;
    while (left > 0) {
      const taken = Math.min(this.#free, left);
      left -= taken;
      this.#byte = (this.#byte << taken) | ((value >>> left) & ((1 << taken) - 1));
      this.#free -= taken;
      if (this.#free === 0) {
        this.#out.byte(this.#byte);
        this.#byte = 0;
        this.#free = 8;
      }
    }
  }
}
