/** DynamoDB's numbers: decimal, up to 38 significant digits, exact. */
interface Decimal {
  /** The value is units · 10^-scale. */
  readonly units: bigint;
  readonly scale: number;
}

const form = /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d{1,4}))?$/;
const mostDigits = 38;
const largestMagnitude = 126;
const smallestScale = 130;
/** No number that can be held is written longer, unless it is written to be slow to read. */
const longestText = 400;

/** Undefined for a text that is no number, or one that DynamoDB cannot hold. */
function parse(text: string): Decimal | undefined {
  const match = text.length > longestText ? null : form.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const decimal = shortest(BigInt(whole + fraction), fraction.length - Number(exponent));
  return fits(decimal) ? { ...decimal, units: sign === '-' ? -decimal.units : decimal.units } : undefined;
}

function fits({ units, scale }: Decimal): boolean {
  const digits = String(units < 0n ? -units : units).length;
  return digits <= mostDigits && digits - scale <= largestMagnitude && scale <= smallestScale;
}

/** Without zeros at the end of a fraction, or of a whole number. */
function shortest(units: bigint, scale: number): Decimal {
  if (units === 0n) return { units, scale: 0 };
  let [left, places] = [units, scale];
  while (left % 10n === 0n) {
    left /= 10n;
    places -= 1;
  }
  return { units: left, scale: places };
}

/** The one way a number is written: no exponent, no zeros that say nothing. Undefined for what is no number. */
export function canonicalNumber(text: string): string | undefined {
  const decimal = parse(text);
  return decimal === undefined ? undefined : print(decimal);
}

function print({ units, scale }: Decimal): string {
  if (scale <= 0) return String(units * 10n ** BigInt(-scale));
  const sign = units < 0n ? '-' : '';
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function aligned(left: string, right: string): [bigint, bigint, number] {
  const [one, other] = [parse(left)!, parse(right)!];
  const scale = Math.max(one.scale, other.scale, 0);
  const units = (decimal: Decimal): bigint => decimal.units * 10n ** BigInt(scale - decimal.scale);
  return [units(one), units(other), scale];
}

/** Negative, zero or positive. Both are numbers. */
export function compareNumbers(left: string, right: string): number {
  const [one, other] = aligned(left, right);
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The exact sum, or difference with `sign` −1; undefined where that cannot be held. Both are numbers. */
export function addNumbers(left: string, right: string, sign: 1 | -1 = 1): string | undefined {
  const [one, other, scale] = aligned(left, right);
  const sum = shortest(sign === 1 ? one + other : one - other, scale);
  return fits(sum) ? print(sum) : undefined;
}
