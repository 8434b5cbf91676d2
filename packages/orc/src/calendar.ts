const dayMs = 86_400_000;
const nanosPerSecond = 1_000_000_000;

/** 0001-01-01 and 9999-12-31, in days since 1970: what SQL's dates and ORC's readers hold. */
const firstDay = -719_162;
const lastDay = 2_932_896;

/**
 * Days since 1970 of a date: `YYYY-MM-DD`, a Date's day in UTC, or the number itself. Undefined for what is none, or outside of
 * the years 1 to 9999.
 */
export function daysOfDate(value: unknown): number | undefined {
  let days: number | undefined;
  if (typeof value === 'number') days = Number.isInteger(value) ? value : undefined;
  else if (value instanceof Date) days = Math.floor(value.getTime() / dayMs);
  else if (typeof value === 'string' && value.length === 10) days = daysOfText(value);
  return days !== undefined && days >= firstDay && days <= lastDay ? days : undefined;
}

/** A point in time: whole seconds since 1970, and nanoseconds from 0 on. */
export interface Instant {
  seconds: number;
  nanos: number;
}

/**
 * Reads a timestamp into `into`: a Date, a number of milliseconds or a bigint of nanoseconds since 1970, or a text in UTC
 * unless it ends with an offset. False for what is none, or outside of the years 1 to 9999.
 *
 *     text   = YYYY-MM-DD [ ("T" | " ") hh:mm[:ss[.fffffffff]] ] [ "Z" | ("+" | "-") hh:mm ]
 */
export function readInstant(value: unknown, into: Instant): boolean {
  if (typeof value === 'string') {
    if (!readText(value, into)) return false;
  } else if (typeof value === 'number' || value instanceof Date) {
    const millis = Number(value);
    into.seconds = Math.floor(millis / 1000);
    // A double has room for microseconds beside today's milliseconds, not for more.
    into.nanos = Math.round((millis - into.seconds * 1000) * 1000) * 1000;
    if (into.nanos === nanosPerSecond) {
      into.seconds += 1;
      into.nanos = 0;
    }
  } else if (typeof value === 'bigint') {
    const nanos = BigInt(nanosPerSecond);
    into.nanos = Number(((value % nanos) + nanos) % nanos);
    into.seconds = Number((value - BigInt(into.nanos)) / nanos);
  } else return false;
  return into.seconds >= firstDay * 86_400 && into.seconds < (lastDay + 1) * 86_400;
}

/** Reads by character: a timestamp a row is the costliest of a row's values. */
function readText(text: string, into: Instant): boolean {
  const days = daysOfText(text);
  if (days === undefined) return false;
  let [at, seconds] = [10, days * 86_400];
  into.nanos = 0;
  const separator = text.charCodeAt(at);
  if (separator === code.T || separator === code.space) {
    const [hours, minutes] = [digits(text, 11, 13), digits(text, 14, 16)];
    if (!(hours <= 23 && minutes <= 59) || text.charCodeAt(13) !== code.colon) return false;
    seconds += hours * 3600 + minutes * 60;
    at = 16;
    if (text.charCodeAt(at) === code.colon) {
      const second = digits(text, 17, 19);
      if (!(second <= 59)) return false;
      seconds += second;
      at = text.charCodeAt(19) === code.point ? readFraction(text, into) : 19;
    }
  }
  const offset = at === text.length ? 0 : offsetSeconds(text, at);
  into.seconds = seconds - offset;
  return !Number.isNaN(offset + into.nanos);
}

/** The digits after the point, at most nine; answers where they end. */
function readFraction(text: string, into: Instant): number {
  let at = 20;
  while (at < text.length && text.charCodeAt(at) >= code.zero && text.charCodeAt(at) <= code.nine) at += 1;
  const count = at - 20;
  into.nanos = count < 1 || count > 9 ? NaN : digits(text, 20, at) * 10 ** (9 - count);
  return at;
}

const code = { T: 84, Z: 90, space: 32, colon: 58, point: 46, plus: 43, minus: 45, zero: 48, nine: 57 };

/** `Z`, `+hh:mm` or `+hhmm` to the text's end; NaN for anything else. */
function offsetSeconds(text: string, at: number): number {
  const sign = text.charCodeAt(at);
  if (sign === code.Z) return text.length === at + 1 ? 0 : NaN;
  if (sign !== code.plus && sign !== code.minus) return NaN;
  const minutesAt = text.charCodeAt(at + 3) === code.colon ? at + 4 : at + 3;
  const [hours, minutes] = [digits(text, at + 1, at + 3), digits(text, minutesAt, minutesAt + 2)];
  if (!(hours <= 23 && minutes <= 59) || text.length !== minutesAt + 2) return NaN;
  return (sign === code.minus ? -1 : 1) * (hours * 3600 + minutes * 60);
}

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/** Of the first ten characters, YYYY-MM-DD; undefined for a day that no calendar has. */
function daysOfText(text: string): number | undefined {
  if (text.charCodeAt(4) !== code.minus || text.charCodeAt(7) !== code.minus) return undefined;
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10)];
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const leapDay = isLeap && month > 2 ? 1 : 0;
  const length = daysBefore[month]! - daysBefore[month - 1]! + (isLeap && month === 2 ? 1 : 0);
  if (day > length) return undefined;
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  return firstDay + before * 365 + leaps + daysBefore[month - 1]! + leapDay + day - 1;
}

/** NaN where a character is none. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - code.zero;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
