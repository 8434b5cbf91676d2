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

const timeOfDay =
  /^(?:[T ](?<hours>\d\d):(?<minutes>\d\d)(?::(?<seconds>\d\d)(?:\.(?<fraction>\d{1,9}))?)?)?(?<zone>Z|[+-]\d\d:?\d\d)?$/;

function readText(text: string, into: Instant): boolean {
  const days = daysOfText(text);
  const found = timeOfDay.exec(text.slice(10))?.groups;
  if (days === undefined || found === undefined) return false;
  const [hours, minutes, seconds] = [found['hours'], found['minutes'], found['seconds']].map((part) =>
    Number(part ?? 0),
  );
  if (hours! > 23 || minutes! > 59 || seconds! > 59) return false;
  into.nanos = Number((found['fraction'] ?? '').padEnd(9, '0'));
  into.seconds = days * 86_400 + hours! * 3600 + minutes! * 60 + seconds! - offsetSeconds(found['zone']);
  return true;
}

function offsetSeconds(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/** Of the first ten characters, YYYY-MM-DD; undefined for a day that no calendar has. */
function daysOfText(text: string): number | undefined {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return undefined;
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
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
