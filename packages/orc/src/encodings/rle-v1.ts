import type { ByteBuilder } from '../byte-builder.ts';

/** Signed values are zigzagged; unsigned ones are lengths, references and the like. */
export type IsSigned = boolean;

const leastRun = 3;
const longestRun = 130;
const mostLiterals = 128;

/**
 * Integer run length encoding, version 1 (Hive 0.11): `length - 3`, a delta of one byte and a varint for 3 to 130 values that
 * differ by the same delta; `-length` and varints for 1 to 128 literals.
 */
export function encodeIntegersV1(
  values: Float64Array | BigInt64Array,
  count: number,
  isSigned: IsSigned,
  out: ByteBuilder,
): void {
  let at = 0;
  while (at < count) {
    const run = runLength(values, at, count);
    if (run >= leastRun) {
      out.byte(run - leastRun);
      out.byte(Number((values[at + 1]! as bigint) - (values[at]! as bigint)) & 0xff);
      put(values[at]!, isSigned, out);
      at += run;
      continue;
    }
    let end = at + 1;
    while (end < count && end - at < mostLiterals && runLength(values, end, count) < leastRun) end += 1;
    out.byte(256 - (end - at));
    for (; at < end; at += 1) put(values[at]!, isSigned, out);
  }
}

function put(value: number | bigint, isSigned: IsSigned, out: ByteBuilder): void {
  if (isSigned) out.signedVarint(value);
  else out.varint(value as number);
}

/** How many values from `from` on differ by one delta that fits a byte; at most what a run holds. */
function runLength(values: Float64Array | BigInt64Array, from: number, count: number): number {
  const limit = Math.min(count, from + longestRun);
  if (from + 1 >= limit) return limit - from;
  // Both arrays subtract within one kind: numbers below 2^52 or bigints.
  const delta = (values[from + 1]! as number) - (values[from]! as number);
  if (delta < -128 || delta > 127) return 1;
  let end = from + 2;
  while (end < limit && (values[end]! as number) - (values[end - 1]! as number) === delta) end += 1;
  return end - from;
}
