import { parseDecimal, parseShortDecimal } from '@millrace/orc';
import type { OrcType } from '@millrace/orc';
import { misfit, unreadable } from '../errors.ts';
import { digitsNeeded, WrittenNumber } from '../json/number-text.ts';
import type { Reader, Rules } from './reader.ts';

const bits = { tinyint: 8, smallint: 16, int: 32, bigint: 64 };
const integerText = /^[+-]?\d{1,40}$/;

/** Whole numbers within the type's range, 1.0 among them; by OpenX texts of digits too. */
export function integerReader(kind: keyof typeof bits, path: string, { isLenient }: Rules): Reader {
  const most = 2n ** BigInt(bits[kind] - 1) - 1n;
  const [leastNumber, mostNumber] = [
    Math.max(Number(-most - 1n), Number.MIN_SAFE_INTEGER),
    Math.min(Number(most), Number.MAX_SAFE_INTEGER),
  ];
  const fit = (digits: bigint): number | bigint => {
    if (digits > most || digits < -most - 1n) throw misfit(`Value ${digits} is out of range for ${kind}`, path);
    const value = Number(digits);
    return Number.isSafeInteger(value) ? value : digits;
  };
  return (value) => {
    if (typeof value === 'number') {
      if (Number.isInteger(value) && value >= leastNumber && value <= mostNumber) return value;
      // A double this large may have been another integer when it was written.
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw digitsNeeded;
      if (Number.isInteger(value)) return fit(BigInt(value));
      throw unreadable(`${value}`, path);
    }
    if (value instanceof WrittenNumber) {
      const digits = Number.isInteger(value.value) ? parseDecimal(value.text, 0) : undefined;
      if (digits === undefined) throw unreadable(value.text, path);
      return fit(digits);
    }
    const text = textOfNumber(value, isLenient, path);
    if (!integerText.test(text)) throw unreadable(text, path);
    return fit(BigInt(text.startsWith('+') ? text.slice(1) : text));
  };
}

const floatText = /^\s*[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Infinity)\s*$/;

/** Numbers; by OpenX their texts too, with NaN and Infinity as Java's parseDouble has them. */
export function floatReader(kind: 'float' | 'double', path: string, { isLenient }: Rules): Reader {
  const store = kind === 'float' ? Math.fround : (value: number): number => value;
  return (value) => {
    if (typeof value === 'number') return store(value);
    if (value instanceof WrittenNumber) return store(value.value);
    const text = textOfNumber(value, isLenient, path);
    if (/^\s*[+-]?NaN\s*$/.test(text)) return NaN;
    if (!floatText.test(text)) throw unreadable(text, path);
    return store(Number(text));
  };
}

/** Numbers and texts of numbers, in all their digits; those behind the scale are rounded half away from zero. */
export function decimalReader(
  { precision, scale }: Extract<OrcType, { kind: 'decimal' }>,
  path: string,
  { isLenient, record, target }: Rules,
): Reader {
  const limit = 10n ** BigInt(precision);
  const limitNumber = 10 ** precision;
  return (value) => {
    if (typeof value === 'number') record.checkDigits();
    const written = value instanceof WrittenNumber ? value.text : value;
    const given = typeof written === 'number' ? written : decimalText(written, isLenient || written !== value, path);
    const short = parseShortDecimal(given, scale);
    const unscaled = Number.isNaN(short) ? parseDecimal(given, scale) : short;
    if (unscaled === undefined) throw unreadable(`${given}`, path);
    const isTooLong =
      typeof unscaled === 'number' ? Math.abs(unscaled) >= limitNumber : unscaled >= limit || unscaled <= -limit;
    if (isTooLong) throw misfit(`Value ${given} is out of range for decimal(${precision},${scale})`, path);
    return target.hasUnscaledDecimals ? unscaled : given;
  };
}

function decimalText(value: unknown, isLenient: boolean, path: string): string {
  return textOfNumber(value, isLenient, path).trim();
}

/** Jackson's words, which AWS hands through. */
const notNumeric = 'Current token (VALUE_STRING) not numeric, can not use numeric value accessors';

function textOfNumber(value: unknown, isLenient: boolean, path: string): string {
  if (typeof value === 'string') {
    if (!isLenient) throw misfit(notNumeric, path);
    return value;
  }
  throw unreadable(JSON.stringify(value), path);
}
