import type { ByteBuilder } from '../byte-builder.ts';

const leastRun = 3;
const longestRun = 130;
const mostLiterals = 128;

/**
 * Byte run length encoding: `length - 3` and the byte for a run of 3 to 130 equal bytes, `-length` and the bytes for 1 to 128
 * literals. The output is whole: what follows begins with a header.
 */
export function encodeBytes(values: Uint8Array, out: ByteBuilder): void {
  let at = 0;
  while (at < values.length) {
    const run = runLength(values, at);
    if (run >= leastRun) {
      out.byte(run - leastRun);
      out.byte(values[at]!);
      at += run;
      continue;
    }
    let end = at + run;
    while (end < values.length && end - at < mostLiterals && runLength(values, end) < leastRun) end += 1;
    out.byte(256 - (end - at));
    out.append(values.subarray(at, end));
    at = end;
  }
}

function runLength(values: Uint8Array, from: number): number {
  const value = values[from];
  const limit = Math.min(values.length, from + longestRun);
  let end = from + 1;
  while (end < limit && values[end] === value) end += 1;
  return end - from;
}
