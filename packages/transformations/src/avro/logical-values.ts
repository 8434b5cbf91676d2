import type { Type, types } from 'avsc';
import { asWritten, WrittenNumber } from '../json-documents.ts';
import type { LogicalAttributes } from './avro-types.ts';
import { misfit } from './codec.ts';
import type { Codec } from './codec.ts';

/** The codec of a logical type; undefined for those that are left as they lie, and for one that its type cannot carry. */
export function logicalCodec(type: Type, { logicalType, scale }: LogicalAttributes): Codec | undefined {
  const { typeName } = type;
  if (logicalType === 'decimal' && typeName === 'bytes') return decimal(scale, undefined);
  if (logicalType === 'decimal' && typeName === 'fixed') return decimal(scale, (type as types.FixedType).size);
  if (logicalType === 'date' && typeName === 'int') return date;
  if (!typeName.endsWith('long')) return undefined;
  const digits = { 'timestamp-millis': 3, 'timestamp-micros': 6, 'timestamp-nanos': 9 }[logicalType];
  return digits === undefined ? undefined : timestamp(digits);
}

const dayMs = 86_400_000;
const dateText = /^\d{4}-\d\d-\d\d$/;

const date: Codec = {
  toJson: (days: number) => isoDate(days * dayMs)?.slice(0, 10) ?? days,
  fromJson: (json, path) => {
    if (typeof json === 'number' && (json | 0) === json) return json;
    const time = typeof json === 'string' && dateText.test(json) ? Date.parse(json) : Number.NaN;
    return Number.isNaN(time) || isoDate(time)?.slice(0, 10) !== json ? misfit(json, path, 'date') : time / dayMs;
  },
};

/** Undefined outside of the years 0 to 9999, which four digits do not write. */
function isoDate(timeMs: number): string | undefined {
  const at = new Date(timeMs);
  const text = Number.isNaN(at.getTime()) ? '' : at.toISOString();
  return text.length === 24 ? text : undefined;
}

const timeText = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?$/;

/** ISO 8601 in UTC, to the last digit; a number is the count itself. */
function timestamp(digits: number): Codec {
  const unit = 10n ** BigInt(digits);
  return {
    toJson: (count: bigint) => {
      const fraction = ((count % unit) + unit) % unit;
      const text = isoDate(Number((count - fraction) / unit) * 1000);
      if (text === undefined) return asWritten(String(count));
      return `${text.slice(0, 19)}.${String(fraction).padStart(digits, '0')}Z`;
    },
    fromJson: (json, path) => {
      if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json);
      if (json instanceof WrittenNumber && /^-?\d{1,19}$/.test(json.text)) return BigInt(json.text);
      const found = typeof json === 'string' ? timeText.exec(json) : null;
      const time = found === null ? Number.NaN : Date.parse(`${found[1]}T${found[2]}Z`);
      if (found === null || Number.isNaN(time) || isoDate(time)?.slice(0, 10) !== found[1])
        return misfit(json, path, 'time');
      const fraction = BigInt((found[3] ?? '').padEnd(9, '0').slice(0, digits));
      return (BigInt(time) / 1000n) * unit + fraction;
    },
  };
}

const decimalText = /^(-?)(\d+)(?:\.(\d+))?$/;

/** A number with its digits; texts of digits are taken, too. */
function decimal(scale: number, size: number | undefined): Codec {
  return {
    toJson: (bytes: Buffer) => asWritten(pointed(BigInt.asIntN(bytes.length * 8, bigOf(bytes)), scale)),
    fromJson: (json, path) => {
      const name = `decimal with ${scale} digits behind the point`;
      const text = json instanceof WrittenNumber ? json.text : json;
      const found = typeof text === 'string' || typeof text === 'number' ? decimalText.exec(String(text)) : null;
      if (found === null) return misfit(json, path, name);
      const fraction = (found[3] ?? '').replace(/0+$/, '');
      if (fraction.length > scale) return misfit(json, path, name);
      const unscaled = BigInt(found[2]! + fraction.padEnd(scale, '0')) * (found[1] === '-' ? -1n : 1n);
      const bytes = bytesOf(unscaled);
      if (size === undefined) return bytes;
      if (bytes.length > size) return misfit(json, path, `${name} in ${size} bytes`);
      return Buffer.concat([Buffer.alloc(size - bytes.length, unscaled < 0n ? 0xff : 0), bytes]);
    },
  };
}

function bigOf(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

function pointed(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

/** Two's complement, big-endian, in as few bytes as hold it. */
function bytesOf(value: bigint): Buffer {
  let size = 1;
  while (BigInt.asIntN(size * 8, value) !== value) size += 1;
  return Buffer.from(
    BigInt.asUintN(size * 8, value)
      .toString(16)
      .padStart(size * 2, '0'),
    'hex',
  );
}
