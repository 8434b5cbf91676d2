import type { ByteBuilder } from '../byte-builder.ts';
import { BitPacker, alignedWidth, bitLength, fixedWidth, packAligned, widthCode } from './bit-packing.ts';
import type { IsSigned } from './rle-v1.ts';

/** The two highest bits of the first byte say how a run of up to 512 values is encoded. */
export const opcode = { shortRepeat: 0x00, direct: 0x40, patchedBase: 0x80, delta: 0xc0 };

export const longestRun = 512;
const longestShortRepeat = 10;
const leastRepeat = 3;
/** A repeat this wide amid other values is worth the two headers more that it costs: shorter ones stay where they are. */
const worthBits = 64;
/** Fewer values than this have no room for patches of 5 %. */
const leastPatched = 20;

const zigzags = new Float64Array(longestRun);
const deltas = new Float64Array(longestRun);

/**
 * Integer run length encoding, version 2, in full runs: what follows begins with a header.
 * `values`: integers within ±2^51, so that differences and zigzags are exact; from 0 where `isSigned` is false.
 */
export function encodeIntegersV2(values: Float64Array, count: number, isSigned: IsSigned, out: ByteBuilder): void {
  let at = 0;
  while (at < count) {
    const repeat = repeatLength(values, at, count);
    if (repeat >= leastRepeat && (at + repeat === count || isWorth(repeat, values[at]!))) {
      encodeRepeat(values[at]!, repeat, isSigned, out);
      at += repeat;
    } else {
      const end = literalsEnd(values, at, count);
      encodeLiterals(values.subarray(at, end), isSigned, out);
      at = end;
    }
  }
}

function repeatLength(values: Float64Array, from: number, count: number): number {
  const value = values[from];
  const limit = Math.min(count, from + longestRun);
  let end = from + 1;
  while (end < limit && values[end] === value) end += 1;
  return end - from;
}

function isWorth(repeat: number, value: number): boolean {
  return repeat >= worthBits / 4 || repeat * (bitLength(Math.abs(value)) + 1) >= worthBits;
}

/** Where the next worthy repeat begins, or the run is full. */
function literalsEnd(values: Float64Array, from: number, count: number): number {
  const limit = Math.min(count, from + longestRun);
  let repeat = 1;
  for (let end = from + 1; end < limit; end += 1) {
    if (values[end] !== values[end - 1]) repeat = 1;
    else {
      repeat += 1;
      if (repeat >= leastRepeat && repeat <= end - from && isWorth(repeat, values[end]!)) return end + 1 - repeat;
    }
  }
  return limit;
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function encodeRepeat(value: number, repeat: number, isSigned: IsSigned, out: ByteBuilder): void {
  if (repeat <= longestShortRepeat) {
    const unsigned = isSigned ? zigzag(value) : value;
    const width = Math.ceil(bitLength(unsigned) / 8);
    out.byte(opcode.shortRepeat | ((width - 1) << 3) | (repeat - leastRepeat));
    for (let byte = width - 1; byte >= 0; byte -= 1) out.byte(Math.floor(unsigned / 2 ** (8 * byte)) & 0xff);
    return;
  }
  runHeader(opcode.delta, 0, repeat, out);
  if (isSigned) out.signedVarint(value);
  else out.varint(value);
  out.varint(0);
}

/** `code`: the five bits of the width. */
export function runHeader(operation: number, code: number, count: number, out: ByteBuilder): void {
  out.byte(operation | (code << 1) | ((count - 1) >>> 8));
  out.byte((count - 1) & 0xff);
}

/** Of direct, delta and patched base the one that takes the fewest bytes. */
function encodeLiterals(values: Float64Array, isSigned: IsSigned, out: ByteBuilder): void {
  const count = values.length;
  let [least, most] = [values[0]!, values[0]!];
  let [isRising, isFalling, isFixed] = [true, true, true];
  let widest = 0;
  const first = count > 1 ? values[1]! - values[0]! : 0;
  for (let index = 1; index < count; index += 1) {
    const value = values[index]!;
    const delta = value - values[index - 1]!;
    if (value < least) least = value;
    else if (value > most) most = value;
    if (delta < 0) isRising = false;
    else if (delta > 0) isFalling = false;
    if (delta !== first) isFixed = false;
    const size = Math.abs(delta);
    deltas[index] = size;
    if (index > 1 && size > widest) widest = size;
  }
  const largest = isSigned ? Math.max(zigzag(least), zigzag(most)) : most;
  const width = alignedWidth(bitLength(largest));
  const directBytes = 2 + packedBytes(count, width);
  // The first delta's sign is the direction: zero has none.
  if (first !== 0 && (isRising || isFalling)) {
    const deltaWidth = isFixed ? 0 : Math.max(2, alignedWidth(bitLength(widest)));
    const bases = 1 + bitLength(largest) / 7 + bitLength(Math.abs(first) * 2) / 7;
    if (2 + bases + packedBytes(count - 2, deltaWidth) < directBytes) {
      runHeader(opcode.delta, deltaWidth === 0 ? 0 : widthCode(deltaWidth), count, out);
      if (isSigned) out.signedVarint(values[0]!);
      else out.varint(values[0]!);
      out.signedVarint(first);
      if (deltaWidth > 0) packAligned(deltas.subarray(2, count), deltaWidth, out);
      return;
    }
  }
  if (count >= leastPatched && width > 4 && encodePatched(values, { least, most, directBytes }, out)) return;
  runHeader(opcode.direct, widthCode(width), count, out);
  if (!isSigned) return packAligned(values, width, out);
  for (let index = 0; index < count; index += 1) zigzags[index] = zigzag(values[index]!);
  packAligned(zigzags.subarray(0, count), width, out);
}

function packedBytes(count: number, width: number): number {
  return Math.ceil((count * width) / 8);
}

const widths = new Uint16Array(65);
const patchAt = new Uint16Array(longestRun);
const widestGap = 255;

interface Range {
  readonly least: number;
  readonly most: number;
  /** What direct encoding takes. */
  readonly directBytes: number;
}

/**
 * Patched base: the least value, every value's distance from it in as many bits as 95 % of them need, and the rest's higher
 * bits in a list of patches. False, and nothing is written, where direct encoding takes no more.
 */
function encodePatched(values: Float64Array, { least, most, directBytes }: Range, out: ByteBuilder): boolean {
  const count = values.length;
  const whole = fixedWidth(bitLength(most - least));
  if (4 + packedBytes(count, whole) / 4 > directBytes) return false;
  const width = usualWidth(values, least);
  if (width >= whole) return false;
  const limit = 2 ** width;
  let [patches, last, gap] = [0, 0, 0];
  for (let index = 0; index < count; index += 1) {
    if (values[index]! - least < limit) continue;
    gap = Math.max(gap, index - last);
    last = index;
    patchAt[patches++] = index;
  }
  const gapWidth = Math.min(8, bitLength(gap));
  const patchWidth = fixedWidth(bitLength(most - least) - width);
  const entryWidth = fixedWidth(gapWidth + patchWidth);
  const skips = countSkips(patches);
  // The sign is a bit of its own above the value's.
  const baseBytes = Math.ceil((bitLength(Math.abs(least)) + 1) / 8);
  const total = 4 + baseBytes + packedBytes(count, width) + packedBytes(patches + skips, entryWidth);
  if (patches === 0 || total >= directBytes) return false;
  runHeader(opcode.patchedBase, widthCode(width), count, out);
  out.byte(((baseBytes - 1) << 5) | widthCode(patchWidth));
  out.byte(((gapWidth - 1) << 5) | (patches + skips));
  for (let byte = baseBytes - 1; byte >= 0; byte -= 1) {
    const part = Math.floor(Math.abs(least) / 2 ** (8 * byte)) & 0xff;
    out.byte(least < 0 && byte === baseBytes - 1 ? part | 0x80 : part);
  }
  const packer = new BitPacker(out);
  for (let index = 0; index < count; index += 1) packer.put((values[index]! - least) % limit, width);
  packer.end();
  let previous = 0;
  for (let patch = 0; patch < patches; patch += 1) {
    const index = patchAt[patch]!;
    let distance = index - previous;
    for (; distance > widestGap; distance -= widestGap) putPatch(packer, widestGap, 0);
    putPatch(packer, distance, Math.floor((values[index]! - least) / limit));
    previous = index;
  }
  packer.end();
  return true;

  function putPatch(list: BitPacker, distance: number, bits: number): void {
    list.put(0, entryWidth - gapWidth - patchWidth);
    list.put(distance, gapWidth);
    list.put(bits, patchWidth);
  }
}

/** Gaps wider than a patch can say are walked by empty patches. */
function countSkips(patches: number): number {
  let [skips, previous] = [0, 0];
  for (let patch = 0; patch < patches; patch += 1) {
    skips += Math.max(0, Math.ceil((patchAt[patch]! - previous) / widestGap) - 1);
    previous = patchAt[patch]!;
  }
  return skips;
}

/** The width that all but 5 % of the values' distances from the least one fit into. */
function usualWidth(values: Float64Array, least: number): number {
  widths.fill(0);
  for (let index = 0; index < values.length; index += 1) widths[bitLength(values[index]! - least)]! += 1;
  let rest = Math.floor(values.length * 0.05);
  let width = 64;
  while (width > 1 && widths[width]! <= rest) {
    rest -= widths[width]!;
    width -= 1;
  }
  return fixedWidth(width);
}
