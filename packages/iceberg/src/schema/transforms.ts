import { unsupported } from '../errors.ts';
import { murmur3 } from './murmur3.ts';
import { singleValue } from './single-value.ts';
import type { PrimitiveType } from './types.ts';

/** A transform bound to the type of its source (https://iceberg.apache.org/spec/#partition-transforms). */
export interface BoundTransform {
  readonly resultType: PrimitiveType;
  /** Of a value that is not null. */
  readonly apply: (value: unknown) => unknown;
  /** As engines print it in the names of folders. */
  readonly print: (result: unknown) => string;
}

const microsPer = { hour: 3_600_000_000, day: 86_400_000_000 };
const withParameter = /^(?<name>bucket|truncate)\[(?<parameter>\d{1,9})\]$/;
const int: PrimitiveType = { kind: 'int' };

/** Throws IcebergError for a transform that is none, or not one of the type. */
export function bindTransform(text: string, type: PrimitiveType): BoundTransform {
  const { name = text, parameter } = withParameter.exec(text)?.groups ?? {};
  const bound = parameter === undefined ? bindPlain(name, type) : bindNumbered(name, Number(parameter), type);
  if (bound === undefined) throw unsupported(`partitioning by ${text} of ${type.kind} is not written`);
  return bound;
}

function bindPlain(name: string, type: PrimitiveType): BoundTransform | undefined {
  switch (name) {
    case 'identity':
      return { resultType: type, apply: (value) => value, print: (value) => printValue(type, value) };
    case 'void':
      return { resultType: type, apply: () => null, print: () => 'null' };
    case 'year':
    case 'month':
    case 'day':
      return bindCalendar(name, type);
    case 'hour':
      if (!isTimestamp(type)) return undefined;
      return { resultType: int, apply: (value) => floorTo(value, microsPer.hour), print: printHour };
    default:
      return undefined;
  }
}

function bindCalendar(name: 'year' | 'month' | 'day', type: PrimitiveType): BoundTransform | undefined {
  if (type.kind !== 'date' && !isTimestamp(type)) return undefined;
  const daysOf = (value: unknown): number => (type.kind === 'date' ? (value as number) : floorTo(value, microsPer.day));
  switch (name) {
    case 'day':
      // The specification says int; Java and Python write, and look for, Avro's date.
      return { resultType: { kind: 'date' }, apply: daysOf, print: (days) => printDays(days as number) };
    case 'month':
      return {
        resultType: int,
        apply: (value) => monthOf(daysOf(value)),
        print: (month) => printDays(firstDayOf(month as number)).slice(0, -3),
      };
    case 'year':
      return {
        resultType: int,
        apply: (value) => Math.floor(monthOf(daysOf(value)) / 12),
        print: (year) => `${1970 + (year as number)}`,
      };
  }
}

function isTimestamp({ kind }: PrimitiveType): boolean {
  return kind === 'timestamp' || kind === 'timestamptz';
}

function floorTo(value: unknown, unit: number): number {
  if (typeof value === 'number') return Math.floor(value / unit);
  const [micros, divisor] = [value as bigint, BigInt(unit)];
  const quotient = Number(micros / divisor);
  return micros % divisor < 0n ? quotient - 1 : quotient;
}

/** Months since January 1970. */
function monthOf(days: number): number {
  const date = new Date(days * 86_400_000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function firstDayOf(month: number): number {
  return Date.UTC(1970, month, 1) / 86_400_000;
}

function printDays(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

function printHour(hours: unknown): string {
  return new Date((hours as number) * 3_600_000).toISOString().slice(0, 13).replace('T', '-');
}

function bindNumbered(name: string, parameter: number, type: PrimitiveType): BoundTransform | undefined {
  if (parameter < 1) return undefined;
  if (name === 'bucket') {
    const bytesOf = hashedBytes(type);
    if (bytesOf === undefined) return undefined;
    return { resultType: int, apply: (value) => (murmur3(bytesOf(value)) & 0x7f_ff_ff_ff) % parameter, print: String };
  }
  const apply = truncation(type, parameter);
  return apply === undefined ? undefined : { resultType: type, apply, print: (value) => printValue(type, value) };
}

/** What is hashed of a value: of every integer the long (https://iceberg.apache.org/spec/#appendix-b-32-bit-hash-requirements). */
function hashedBytes(type: PrimitiveType): ((value: unknown) => Uint8Array) | undefined {
  switch (type.kind) {
    case 'int':
    case 'long':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return (value) => singleValue({ kind: 'long' }, value);
    case 'decimal':
    case 'string':
    case 'uuid':
    case 'binary':
      return (value) => singleValue(type, value);
    default:
      return undefined;
  }
}

function truncation({ kind }: PrimitiveType, width: number): ((value: unknown) => unknown) | undefined {
  switch (kind) {
    case 'int':
    case 'long':
    case 'decimal':
      return (value) =>
        typeof value === 'number' ? truncateNumber(value, width) : truncateLarge(value as bigint, width);
    case 'string':
      return (value) => truncateText(value as string, width);
    case 'binary':
      return (value) => (value as Buffer).subarray(0, width);
    default:
      return undefined;
  }
}

function truncateNumber(value: number, width: number): number | bigint {
  const result = value - (((value % width) + width) % width);
  return Number.isSafeInteger(result) ? result + 0 : truncateLarge(BigInt(value), width);
}

function truncateLarge(value: bigint, width: number): number | bigint {
  const divisor = BigInt(width);
  const result = value - (((value % divisor) + divisor) % divisor);
  return Number.isSafeInteger(Number(result)) ? Number(result) : result;
}

/** The first characters, of which a pair of surrogates is one. */
export function truncateText(text: string, count: number): string {
  if (text.length <= count) return text;
  let at = 0;
  for (let seen = 0; seen < count && at < text.length; seen += 1) at += text.codePointAt(at)! > 0xff_ff ? 2 : 1;
  return text.slice(0, at);
}

function printValue(type: PrimitiveType, value: unknown): string {
  if (type.kind === 'date') return printDays(value as number);
  if (type.kind === 'timestamp' || type.kind === 'timestamptz') {
    const millis = floorTo(value, 1000);
    return Math.abs(millis) <= 8.64e15 ? new Date(millis).toISOString() : String(value);
  }
  if (type.kind === 'uuid') return (value as bigint).toString(16).padStart(32, '0');
  if (type.kind === 'binary') return Buffer.from(value as Uint8Array).toString('base64url');
  return String(value);
}
