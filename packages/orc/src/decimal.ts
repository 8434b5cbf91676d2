/** The digits of a decimal as written, and where its point is. */
const decimalText = /^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?:[eE](?<exponent>[+-]?\d{1,3}))?$/;
/** Texts longer than this are refused before they are read. */
const longestText = 1024;

/**
 * The unscaled integer of a decimal with `scale` digits after the point, further ones rounded half away from zero as Hive does:
 * 1.005 with 2 digits is 101. Undefined for what is no number.
 */
export function parseDecimal(value: unknown, scale: number): bigint | undefined {
  if (typeof value === 'bigint') return value * 10n ** BigInt(scale);
  if (typeof value !== 'string' && !(typeof value === 'number' && Number.isFinite(value))) return undefined;
  // A number's shortest text is the decimal that was meant.
  const text = String(value);
  const found = text.length > longestText ? undefined : decimalText.exec(text)?.groups;
  if (found === undefined) return undefined;
  const [whole, fraction] = [found['whole']!, found['fraction'] ?? ''];
  if (whole === '' && fraction === '') return undefined;
  const digits = whole + fraction;
  const point = whole.length + Number(found['exponent'] ?? 0) + scale;
  const kept = point <= 0 ? '0' : digits.slice(0, point).padEnd(point, '0');
  const isRoundedUp = point >= 0 && (digits[point] ?? '0') >= '5';
  const unscaled = BigInt(kept) + (isRoundedUp ? 1n : 0n);
  return found['sign'] === '-' ? -unscaled : unscaled;
}

/** Powers of ten that a double has exactly. */
const powers = Array.from({ length: 16 }, (_, power) => 10 ** power);
const mostExact = 2 ** 51;

/**
 * The same as a number where that is exact and quickly had: texts of at most 15 digits without an exponent, with no more digits
 * after the point than `scale`, and whole numbers. NaN otherwise: then `parseDecimal` knows.
 */
export function parseShortDecimal(value: unknown, scale: number): number {
  if (typeof value === 'number') {
    const power = powers[scale] ?? Infinity;
    return Number.isInteger(value) && Math.abs(value) * power <= mostExact
      ? value * power
      : parseShortText(`${value}`, scale);
  }
  return typeof value === 'string' ? parseShortText(value, scale) : NaN;
}

function parseShortText(text: string, scale: number): number {
  const { length } = text;
  const isNegative = text.charCodeAt(0) === 45;
  let [unscaled, digits, after] = [0, 0, -1];
  if (length > 17) return NaN;
  for (let at = isNegative ? 1 : 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 46 && after < 0) after = 0;
    else {
      if (code < 48 || code > 57) return NaN;
      unscaled = unscaled * 10 + code - 48;
      digits += 1;
      if (after >= 0) after += 1;
    }
  }
  const missing = scale - Math.max(after, 0);
  if (digits === 0 || missing < 0 || digits + missing > 15) return NaN;
  unscaled *= powers[missing]!;
  return isNegative ? -unscaled : unscaled;
}
