/** Where surrogates begin in UTF-16; what lies above them is less than what a pair stands for. */
const firstSurrogate = 0xd8_00;
const firstAbove = 0xe0_00;

/**
 * Orders texts as the bytes of their UTF-8, which is by code point. JavaScript's own order differs where a surrogate meets a
 * character from U+E000 on.
 */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  let at = 0;
  // The first difference is mostly among the first characters.
  while (at < length && left.charCodeAt(at) === right.charCodeAt(at)) at += 1;
  if (at === length) return left.length - right.length;
  return byCodePoint(left.charCodeAt(at)) - byCodePoint(right.charCodeAt(at));
}

function byCodePoint(unit: number): number {
  if (unit < firstSurrogate) return unit;
  return unit >= firstAbove ? unit - 0x8_00 : unit + 0x20_00;
}
