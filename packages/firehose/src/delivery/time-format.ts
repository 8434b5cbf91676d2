/**
 * A time by a pattern of Java's DateTimeFormatter, English, as prefixes have them.
 *
 *   pattern = (letter+ | "'" text "'" | "''" | other)*     the count of a letter is its width or its form
 *
 * Letters: y u G M L Q q Y w W d D F E e c a H k K h m s S A n N V z Z X x (java.time.format.DateTimeFormatter's table; of it
 * B, O, v, p and optional sections are left out).
 */
export function formatTime(pattern: string, timeMs: number, timeZone = 'UTC'): string {
  const fields = fieldsAt(timeMs, timeZone);
  return pattern.replace(tokens, (token) => {
    if (token === "''") return "'";
    if (token.startsWith("'")) {
      if (token.length < 2 || !token.endsWith("'"))
        throw new Error(`the pattern ${pattern} has a quote that does not end`);
      return token.slice(1, -1).replaceAll("''", "'");
    }
    const letter = letters[token[0]!];
    if (letter === undefined)
      throw new Error(`the pattern ${pattern} has the letter ${token[0]}, which stands for nothing`);
    return letter(fields, token.length);
  });
}

interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** 1 is Monday. */
  readonly weekday: number;
  readonly dayOfYear: number;
  /** Of the zone at that time. */
  readonly offsetMinutes: number;
  readonly timeZone: string;
  readonly timeMs: number;
}

const tokens = /''|'(?:[^']|'')*'?|([A-Za-z])\1*/g;
const dayMs = 86_400_000;
const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');

const year = (value: number, width: number): string => (width === 2 ? padded(value % 100, 2) : padded(value, width));
const month = ({ month: value }: Fields, width: number): string => named(months[value - 1]!, value, width);
const quarter = ({ month: value }: Fields, width: number): string => {
  const number = Math.ceil(value / 3);
  if (width < 3) return padded(number, width);
  return width === 3 ? `Q${number}` : `${number}${['st', 'nd', 'rd', 'th'][number - 1]} quarter`;
};

const letters: Readonly<Record<string, (fields: Fields, width: number) => string>> = {
  y: (at, width) => year(at.year, width),
  u: (at, width) => year(at.year, width),
  Y: (at, width) => year(weekOf(at).year, width),
  w: (at, width) => padded(weekOf(at).week, width),
  M: month,
  L: month,
  Q: quarter,
  q: quarter,
  d: (at, width) => padded(at.day, width),
  D: (at, width) => padded(at.dayOfYear, width),
  E: ({ weekday }, width) =>
    width === 4 ? days[weekday - 1]! : width === 5 ? days[weekday - 1]![0]! : days[weekday - 1]!.slice(0, 3),
  e: localDay,
  c: localDay,
  G: (_, width) => (width === 4 ? 'Anno Domini' : width === 5 ? 'A' : 'AD'),
  W: (at, width) => padded(weekOfMonth(at), width),
  F: (at, width) => padded(((at.day - 1) % 7) + 1, width),
  a: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  H: (at, width) => padded(at.hour, width),
  k: (at, width) => padded(at.hour === 0 ? 24 : at.hour, width),
  K: (at, width) => padded(at.hour % 12, width),
  h: (at, width) => padded(at.hour % 12 === 0 ? 12 : at.hour % 12, width),
  m: (at, width) => padded(at.minute, width),
  s: (at, width) => padded(at.second, width),
  S: (at, width) => padded(at.millisecond, 3).padEnd(9, '0').slice(0, width),
  A: (at, width) => padded(milliOfDay(at), width),
  n: (at, width) => padded(at.millisecond * 1_000_000, width),
  N: (at, width) => padded(milliOfDay(at) * 1_000_000, width),
  Z: (at, width) =>
    width === 4 ? `GMT${offset(at, true, true)}`.replace(/^GMT\+00:00$/, 'GMT') : offset(at, width === 5, width !== 5),
  X: (at, width) => (at.offsetMinutes === 0 ? 'Z' : shortOffset(at, width)),
  x: shortOffset,
  z: ({ timeZone, timeMs }, width) => zoneName(timeZone, timeMs, width === 4 ? 'long' : 'short'),
  V: ({ timeZone }) => timeZone,
};

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** 1 and 2 letters are the number, 3 the short name, 4 the long one, 5 its first letter. */
function named(name: string, number: number, width: number): string {
  if (width < 3) return padded(number, width);
  return width === 3 ? name.slice(0, 3) : width === 4 ? name : name[0]!;
}

/** Java's English weeks begin on Sunday. */
function localDay({ weekday }: Fields, width: number): string {
  return named(days[weekday - 1]!, (weekday % 7) + 1, width);
}

function weekOfMonth({ day, weekday }: Fields): number {
  const firstWeekday = ((((weekday % 7) - (day - 1)) % 7) + 7) % 7;
  return Math.floor((day - 1 + firstWeekday) / 7) + 1;
}

function zoneName(timeZone: string, timeMs: number, form: 'long' | 'short'): string {
  if (timeZone === 'UTC' && form === 'short') return 'UTC';
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: form }).formatToParts(timeMs);
  return parts.find(({ type }) => type === 'timeZoneName')!.value;
}

function milliOfDay({ hour, minute, second, millisecond }: Fields): number {
  return ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
}

function offset({ offsetMinutes: value }: Fields, hasColon: boolean, isAlways: boolean): string {
  if (value === 0 && !isAlways) return 'Z';
  const size = Math.abs(value);
  return `${value < 0 ? '-' : '+'}${padded(Math.floor(size / 60), 2)}${hasColon ? ':' : ''}${padded(size % 60, 2)}`;
}

function shortOffset(at: Fields, width: number): string {
  const text = offset(at, width === 3 || width === 5, true);
  return width === 1 && at.offsetMinutes % 60 === 0 ? text.slice(0, 3) : text;
}

/** The week of the week-based year as Java's English has it: weeks begin on Sunday, the first is the one with 1 January. */
function weekOf({ year: ofDay, dayOfYear, weekday }: Fields): { year: number; week: number } {
  const firstWeekday = ((((weekday % 7) - (dayOfYear - 1)) % 7) + 7) % 7;
  const week = Math.floor((dayOfYear - 1 + firstWeekday) / 7) + 1;
  const length = (Date.UTC(ofDay + 1, 0, 1) - Date.UTC(ofDay, 0, 1)) / dayMs;
  const nextFirst = (firstWeekday + length) % 7;
  return length - dayOfYear < nextFirst && weekday % 7 <= nextFirst && week > 52
    ? { year: ofDay + 1, week: 1 }
    : { year: ofDay, week };
}

const formats = new Map<string, Intl.DateTimeFormat>();

function fieldsAt(timeMs: number, timeZone: string): Fields {
  const local = timeZone === 'UTC' ? timeMs : localMs(timeMs, timeZone);
  const date = new Date(local);
  const yearOf = date.getUTCFullYear();
  return {
    year: yearOf,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
    weekday: ((date.getUTCDay() + 6) % 7) + 1,
    dayOfYear: Math.floor((local - Date.UTC(yearOf, 0, 1)) / dayMs) + 1,
    offsetMinutes: Math.round((local - timeMs) / 60_000),
    timeZone,
    timeMs,
  };
}

/** The zone's clock, as if it were UTC. Throws RangeError for a zone that there is not. */
function localMs(timeMs: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const number = 'numeric';
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: number,
      month: number,
      day: number,
      hour: number,
      minute: number,
      second: number,
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]));
  const { year: y, month: mo, day: d, hour: h, minute: mi, second: s } = parts;
  return Date.UTC(y!, mo! - 1, d, h, mi, s) + (timeMs % 1000);
}
