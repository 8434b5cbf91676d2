import type { ByteBuilder } from '../byte-builder.ts';
import { alignedWidth, bitLength, packAligned, widthCode } from './bit-packing.ts';
import { longestRun, opcode, runHeader } from './rle-v2.ts';

const leastRepeat = 3;
const largestDelta = 2n ** 52n;
const deltas = new Float64Array(longestRun);

/**
 * Version 2 for columns whose values exceed ±2^51: always signed. Repeats and rising or falling runs are deltas, all else is
 * direct: such values are hashes and the like, which patches do not shorten.
 */
export function encodeWideIntegersV2(values: BigInt64Array, count: number, out: ByteBuilder): void {
  let at = 0;
  while (at < count) {
    const limit = Math.min(count, at + longestRun);
    const repeat = repeatLength(values, at, limit);
    if (repeat >= leastRepeat) {
      runHeader(opcode.delta, 0, repeat, out);
      out.signedVarint(values[at]!);
      out.varint(0);
      at += repeat;
      continue;
    }
    let end = at + 1;
    while (end < limit && repeatLength(values, end, Math.min(limit, end + leastRepeat)) < leastRepeat) end += 1;
    const run = values.subarray(at, end);
    if (!encodeDelta(run, out)) encodeDirect(run, out);
    at = end;
  }
}

function repeatLength(values: BigInt64Array, from: number, limit: number): number {
  let end = from + 1;
  while (end < limit && values[end] === values[from]) end += 1;
  return end - from;
}

/** False, and nothing is written, unless the values rise or fall by small steps. */
function encodeDelta(values: BigInt64Array, out: ByteBuilder): boolean {
  const count = values.length;
  if (count < 2 || values[0] === values[1]) return false;
  const isRising = values[1]! > values[0]!;
  let widest = 0;
  for (let index = 1; index < count; index += 1) {
    const delta = values[index]! - values[index - 1]!;
    const size = isRising ? delta : -delta;
    if (size < 0n || size > largestDelta) return false;
    deltas[index] = Number(size);
    if (index > 1 && deltas[index]! > widest) widest = deltas[index]!;
  }
  const width = count === 2 ? 0 : Math.max(2, alignedWidth(bitLength(widest)));
  runHeader(opcode.delta, width === 0 ? 0 : widthCode(width), count, out);
  out.signedVarint(values[0]!);
  out.signedVarint(values[1]! - values[0]!);
  if (width > 0) packAligned(deltas.subarray(2, count), width, out);
  return true;
}

/** The zigzag is taken in halves of 32 bits: bigints are slow. */
function encodeDirect(values: BigInt64Array, out: ByteBuilder): void {
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  let all = 0;
  for (let index = 1; index < halves.length; index += 2) {
    const high = halves[index]!;
    const sign = high >> 31;
    all |= ((high << 1) | (halves[index - 1]! >>> 31)) ^ sign;
  }
  const width = all === 0 ? 32 : alignedWidth(64 - Math.clz32(all));
  runHeader(opcode.direct, widthCode(width), values.length, out);
  out.reserve((values.length * width) / 8);
  const { bytes } = out;
  let at = out.length;
  for (let index = 0; index < halves.length; index += 2) {
    const [low, high] = [halves[index]!, halves[index + 1]!];
    const sign = high >> 31;
    const zigzagHigh = ((high << 1) | (low >>> 31)) ^ sign;
    for (let shift = width - 40; shift >= 0; shift -= 8) bytes[at++] = zigzagHigh >>> shift;
    at = bytes.writeInt32BE((low << 1) ^ sign, at);
  }
  out.length = at;
}
