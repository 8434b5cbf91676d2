import { readInstant } from '@millrace/orc';
import { misfit, unreadable } from '../errors.ts';
import { integerReader } from '../readers/numbers.ts';
import type { Reader, Rules } from '../readers/reader.ts';

/** What Date counts in either direction: the years to 271,821. Partitions by day have to be counted too. */
const mostDays = 100_000_000;
const mostMicros = BigInt(mostDays) * 86_400_000_000n;
const dayMicros = 86_400_000_000;

function refuse(value: unknown, path: string): never {
  throw unreadable(typeof value === 'string' ? value : JSON.stringify(value), path);
}

/** Days since 1970, or `yyyy-MM-dd`. */
export function dateReader(path: string, rules: Rules): Reader {
  const readDays = integerReader('int', path, rules);
  return (value) => {
    const days =
      typeof value === 'string' ? (rules.times.days(value) ?? refuse(value, path)) : (readDays(value) as number);
    if (Math.abs(days) > mostDays) throw misfit(`Value ${days} is out of range for date`, path);
    return days;
  };
}

/** Microseconds since 1970, as a number or a text of digits: AWS has timestamps "always" in them. ISO 8601 is read as well. */
export function timestampReader(path: string, rules: Rules): Reader {
  const readMicros = integerReader('bigint', path, { ...rules, isLenient: true });
  const instant = { seconds: 0, nanos: 0 };
  return (value) => {
    if (typeof value === 'string' && readInstant(value, instant)) {
      const { seconds, nanos } = instant;
      const micros = seconds * 1_000_000 + Math.floor(nanos / 1000);
      return Number.isSafeInteger(micros) ? micros : BigInt(seconds) * 1_000_000n + BigInt(Math.floor(nanos / 1000));
    }
    const micros = readMicros(value) as number | bigint;
    if (micros > mostMicros || micros < -mostMicros)
      throw misfit(`Value ${micros} is out of range for timestamp`, path);
    return micros;
  };
}

/** Microseconds since midnight, or `HH:mm[:ss[.SSSSSS]]`. */
export function timeReader(path: string, rules: Rules): Reader {
  const readMicros = integerReader('bigint', path, rules);
  const instant = { seconds: 0, nanos: 0 };
  return (value) => {
    if (typeof value === 'string') {
      if (!/^[\d:.]+$/.test(value) || !readInstant(`1970-01-01T${value}`, instant)) refuse(value, path);
      return instant.seconds * 1_000_000 + Math.floor(instant.nanos / 1000);
    }
    const micros = readMicros(value) as number | bigint;
    if (micros < 0 || micros >= dayMicros) throw misfit(`Value ${micros} is out of range for time`, path);
    return micros;
  };
}

const uuidText = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** An unsigned integer of 128 bits. */
export function uuidReader(path: string): Reader {
  return (value) => {
    if (typeof value !== 'string' || !uuidText.test(value)) return refuse(value, path);
    return BigInt(`0x${value.replaceAll('-', '')}`);
  };
}

const hexText = /^(?:[\da-f]{2})+$|^(?:[\dA-F]{2})+$/;
const base64Text = /^(?:[A-Za-z\d+/]*|[A-Za-z\d_-]*)={0,2}$/;

/**
 * Base64 of RFC 4648 (either alphabet), of MIME with its line breaks, or hex: the four that AWS's documentation names, without
 * saying how they are told apart. Hex is every text that can be: base64 of more than a few bytes hardly ever looks like it.
 */
export function bytesReader(path: string): Reader {
  return (value) => {
    if (typeof value !== 'string') return refuse(value, path);
    if (hexText.test(value)) return Buffer.from(value, 'hex');
    const text = value.replaceAll(/[\r\n]/g, '');
    const padding = text.length - text.replace(/=+$/, '').length;
    const isWhole = padding === 0 ? text.length % 4 !== 1 : text.length % 4 === 0;
    return isWhole && base64Text.test(text) ? Buffer.from(text, 'base64') : refuse(value, path);
  };
}
