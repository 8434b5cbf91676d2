import { daysOfDate, readInstant } from '@millrace/orc';
import type { Instant } from '@millrace/orc';
import { ConversionSettingsError } from '../errors.ts';

/** Reads a text that the pattern fits to its end, into an instant; false for any other. */
export type JodaParser = (text: string, into: Instant) => boolean;

/** What the parts of a text say; what they leave out is 1970-01-01 00:00 in UTC, as Hive has it. */
interface Parts {
  year: number;
  month: number;
  day: number;
  dayOfYear: number;
  hour: number;
  isAfternoon: boolean;
  minute: number;
  second: number;
  millis: number;
  offsetSeconds: number;
}

/** Reads its part from `at` on and answers where that ends; -1 where it does not fit. */
type Step = (text: string, at: number, parts: Parts) => number;

type NumberPart = Exclude<keyof Parts, 'isAfternoon'>;

/** Letters that stand for a number: its part, its most digits, its range, and what that is in the part. */
const numbers: Readonly<Record<string, readonly [NumberPart, number, number, number, ((value: number) => number)?]>> = {
  y: ['year', 9, 1, 9999],
  Y: ['year', 9, 1, 9999],
  M: ['month', 2, 1, 12],
  d: ['day', 2, 1, 31],
  D: ['dayOfYear', 3, 1, 366],
  H: ['hour', 2, 0, 23],
  k: ['hour', 2, 1, 24, (value) => value % 24],
  K: ['hour', 2, 0, 11],
  h: ['hour', 2, 1, 12, (value) => value % 12],
  m: ['minute', 2, 0, 59],
  s: ['second', 2, 0, 59],
};

const tokens = /'(?<quoted>(?:[^']|'')*)'|(?<letters>(?<letter>[A-Za-z])\k<letter>*)|(?<literal>[^A-Za-z']+)/gy;

/**
 * Compiles a pattern of Joda-Time's DateTimeFormat
 * (https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html): y Y M d D E a h H k K m s S z Z, quotes.
 * Not G C x w e, nor ZZZ. Throws ConversionSettingsError for these, and for what is no pattern.
 */
export function compileJoda(pattern: string): JodaParser {
  const steps: Step[] = [];
  const found = [...pattern.matchAll(tokens)];
  if (pattern === '' || found.map(([text]) => text).join('') !== pattern)
    throw new ConversionSettingsError(`TimestampFormats: "${pattern}" is no pattern of Joda-Time`);
  for (const [index, { groups = {} }] of found.entries()) {
    const { quoted, letters, letter, literal } = groups;
    if (letters === undefined || letter === undefined) {
      steps.push(literalStep(quoted === '' ? "'" : (quoted?.replaceAll("''", "'") ?? literal!)));
    } else steps.push(letterStep(pattern, letter, letters.length, isNumber(found[index + 1]?.groups)));
  }
  return (text, into) => {
    const parts = { year: 1970, month: 1, day: 1, dayOfYear: 0, hour: 0, isAfternoon: false, minute: 0, second: 0 };
    const all: Parts = { ...parts, millis: 0, offsetSeconds: 0 };
    let at = 0;
    for (const step of steps) {
      at = step(text, at, all);
      if (at < 0) return false;
    }
    return at === text.length && resolve(all, into);
  };
}

function isNumber(groups: Record<string, string | undefined> | undefined): boolean {
  const { letter, letters } = groups ?? {};
  if (letter === undefined || letters === undefined) return false;
  return letter === 'S' || (Object.hasOwn(numbers, letter) && !(letter === 'M' && letters.length > 2));
}

function letterStep(pattern: string, letter: string, count: number, isBeforeNumber: boolean): Step {
  if (letter === 'M' && count > 2) return nameStep(months, (parts, index) => (parts.month = index + 1));
  if (Object.hasOwn(numbers, letter)) return numberStep(letter, count, isBeforeNumber);
  if (letter === 'S') return fractionStep(count);
  if (letter === 'E') return nameStep(weekdays, () => {});
  if (letter === 'a') return nameStep(['AM', 'PM'], (parts, index) => (parts.isAfternoon = index === 1));
  if (letter === 'Z' && count < 3) return offsetStep;
  if (letter === 'z') return nameStep(['UTC', 'UT', 'GMT', 'Z'], () => {});
  throw new ConversionSettingsError(`TimestampFormats: ${letter.repeat(count)} of "${pattern}" cannot be read`);
}

function literalStep(literal: string): Step {
  const lower = literal.toLowerCase();
  return (text, at) => (text.slice(at, at + literal.length).toLowerCase() === lower ? at + literal.length : -1);
}

function numberStep(letter: string, count: number, isBeforeNumber: boolean): Step {
  const [part, mostDigits, least, most, change] = numbers[letter]!;
  const limit = isBeforeNumber && part === 'year' ? count : mostDigits;
  const isShortYear = part === 'year' && count === 2;
  return (text, at, parts) => {
    const end = endOfDigits(text, at, limit);
    if (end === at) return -1;
    let value = Number(text.slice(at, end));
    // Joda counts from 80 years before today; a fixed century gives the same answer tomorrow.
    if (isShortYear && end === at + 2) value += value < 50 ? 2000 : 1900;
    if (value < least || value > most) return -1;
    parts[part] = change === undefined ? value : change(value);
    return end;
  };
}

/** Joda counts milliseconds: further digits are read and dropped. */
function fractionStep(count: number): Step {
  return (text, at, parts) => {
    const end = endOfDigits(text, at, count);
    if (end === at) return -1;
    parts.millis = Number(text.slice(at, Math.min(end, at + 3)).padEnd(3, '0'));
    return end;
  };
}

function endOfDigits(text: string, at: number, limit: number): number {
  let end = at;
  while (end < at + limit && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
  return end;
}

const offsetText = /(?:[zZ]|(?<sign>[+-])(?<hours>\d\d):?(?<minutes>\d\d)?)/y;

const offsetStep: Step = (text, at, parts) => {
  offsetText.lastIndex = at;
  const found = offsetText.exec(text);
  if (found === null) return -1;
  const { sign, hours = '0', minutes = '0' } = found.groups ?? {};
  if (Number(hours) > 23 || Number(minutes) > 59) return -1;
  parts.offsetSeconds = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
  return at + found[0].length;
};

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** Names in English, whole or by their first three letters, in any case. */
function nameStep(names: readonly string[], take: (parts: Parts, index: number) => void): Step {
  const lower = names.map((name) => name.toLowerCase());
  return (text, at, parts) => {
    for (const [index, name] of lower.entries()) {
      const isWhole = text.slice(at, at + name.length).toLowerCase() === name;
      if (!isWhole && text.slice(at, at + 3).toLowerCase() !== name.slice(0, 3)) continue;
      take(parts, index);
      return at + (isWhole ? name.length : 3);
    }
    return -1;
  };
}

function pad(value: number, digits: number): string {
  return `${value}`.padStart(digits, '0');
}

function resolve(parts: Parts, into: Instant): boolean {
  const { year, month, day, dayOfYear } = parts;
  const first = daysOfDate(`${pad(year, 4)}-01-01`);
  const next = year === 9999 ? undefined : daysOfDate(`${pad(year + 1, 4)}-01-01`);
  const days =
    dayOfYear > 0 && first !== undefined
      ? first + dayOfYear - 1
      : daysOfDate(`${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`);
  if (days === undefined || (dayOfYear > 0 && days >= (next ?? days + 1))) return false;
  const hour = parts.hour + (parts.isAfternoon && parts.hour < 12 ? 12 : 0);
  const seconds = days * 86_400 + hour * 3600 + parts.minute * 60 + parts.second - parts.offsetSeconds;
  return readInstant(seconds * 1000 + parts.millis, into);
}
