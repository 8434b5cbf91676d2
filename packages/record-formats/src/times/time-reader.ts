import { daysOfDate, parseDecimal, readInstant } from '@millrace/orc';
import type { Instant } from '@millrace/orc';
import { WrittenNumber } from '../json/number-text.ts';
import { compileJoda } from './joda.ts';
import type { JodaParser } from './joda.ts';

/** How a SerDe reads dates and times. Times without an offset are in UTC. */
export interface TimeReader {
  /** Reads a JSON value into `into`; false for what is no time of the years 1 to 9999. */
  instant: (value: unknown, into: Instant) => boolean;
  /** Days since 1970; undefined for what is no date. */
  days: (text: unknown) => number | undefined;
}

const dateText = /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})$/;
const timeText =
  /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2}) (?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})(?<fraction>\.\d{1,9})?$/;
const isoText = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z?$/;

/**
 * The five forms that Firehose's documentation names for OpenX: `yyyy-MM-dd'T'HH:mm:ss[.f]['Z']`, `yyyy-[M]M-[d]d HH:mm:ss[.f]`,
 * and seconds, milliseconds or seconds with a fraction since 1970, as numbers or texts. Below 10^12 they are seconds, as AWS
 * counts them.
 */
export const openXTimes: TimeReader = {
  instant(value, into) {
    if (typeof value === 'number') return readEpoch(value, into);
    if (value instanceof WrittenNumber) return readEpoch(value.text, into);
    if (typeof value !== 'string') return false;
    if (isoText.test(value)) return readInstant(value, into);
    return readSpaced(value, into) || readEpoch(value, into);
  },
  days: readDate,
};

/** Hive's: the patterns in their order, then java.sql.Timestamp.valueOf. Throws ConversionSettingsError for a pattern it has not. */
export function hiveTimes(formats: readonly string[]): TimeReader {
  const readers = formats.map((format) => (format === 'millis' ? readMillis : fromJoda(compileJoda(format))));
  const instant = (value: unknown, into: Instant): boolean =>
    readers.some((read) => read(value, into)) || (typeof value === 'string' && readSpaced(value.trim(), into));
  return {
    instant,
    days(text) {
      const days = readDate(text);
      if (days !== undefined || typeof text !== 'string') return days;
      const found = { seconds: 0, nanos: 0 };
      return readers.some((read) => read(text, found)) ? Math.floor(found.seconds / 86_400) : undefined;
    },
  };
}

function fromJoda(parser: JodaParser): (value: unknown, into: Instant) => boolean {
  return (value, into) => typeof value === 'string' && parser(value, into);
}

function readMillis(value: unknown, into: Instant): boolean {
  const text = value instanceof WrittenNumber ? value.text : value;
  const nanos = typeof text === 'string' || typeof text === 'number' ? parseDecimal(text, 6) : undefined;
  return nanos !== undefined && readInstant(nanos, into);
}

function readDate(text: unknown): number | undefined {
  const found = typeof text === 'string' ? dateText.exec(text)?.groups : undefined;
  return found === undefined ? undefined : daysOfDate(paddedDate(found));
}

function paddedDate(found: Record<string, string>): string {
  return `${found['year']}-${found['month']!.padStart(2, '0')}-${found['day']!.padStart(2, '0')}`;
}

/** java.sql.Timestamp.valueOf, which takes one digit where there may be two. */
function readSpaced(text: string, into: Instant): boolean {
  const found = timeText.exec(text)?.groups;
  if (found === undefined) return false;
  const [hour, minute, second] = [found['hour'], found['minute'], found['second']].map((part) =>
    part!.padStart(2, '0'),
  );
  return readInstant(`${paddedDate(found)} ${hour}:${minute}:${second}${found['fraction'] ?? ''}`, into);
}

/** From here on a number is milliseconds. */
const firstMillis = 1_000_000_000_000;

function readEpoch(value: number | string, into: Instant): boolean {
  if (typeof value === 'number' && Number.isInteger(value))
    return readInstant(Math.abs(value) < firstMillis ? value * 1000 : value, into);
  const seconds = parseDecimal(value, 0);
  if (seconds === undefined) return false;
  const isMillis = Math.abs(Number(value)) >= firstMillis;
  return readInstant(parseDecimal(value, isMillis ? 6 : 9)!, into);
}
