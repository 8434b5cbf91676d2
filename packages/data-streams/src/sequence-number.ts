/*
 * Sequence numbers are Kinesis' version 2: 186 bits, 56 decimal digits. Values agree with npm's kinesalite for the same fields.
 *
 *   number = 2 | createdSecond:9 | shard mod 16:1 | place:16 | mark:2 | arrivalSecond:9 | shard:8 | 2        (hex digits)
 *
 * A shard's starting number has place 0; its record with index n has place n + 1. So "after the starting number" is the
 * first record, and a number decodes to its position without an index. Mark is 00 for records; ff makes a number that lies
 * between the record at its place and the next one: a place to go on, whatever iterator type it comes back with.
 */
export interface SequenceNumberFields {
  readonly createdSecond: number;
  /** 0 for the shard's start, else the record's index + 1. */
  readonly place: number;
  readonly arrivalSecond: number;
  readonly shardNumber: number;
  readonly isPosition?: boolean;
}

export interface DecodedSequenceNumber extends SequenceNumberFields {
  readonly isPosition: boolean;
  /** Index of the first record at or after this number. */
  readonly atIndex: number;
  /** Index of the first record after this number. */
  readonly afterIndex: number;
}

const latestSecond = 16_025_175_000;

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function toBigInt(fields: SequenceNumberFields): bigint {
  const { createdSecond, place, arrivalSecond, shardNumber, isPosition = false } = fields;
  return BigInt(
    `0x2${hex(createdSecond, 9)}${(shardNumber & 15).toString(16)}${hex(place, 16)}${isPosition ? 'ff' : '00'}` +
      `${hex(arrivalSecond, 9)}${hex(shardNumber, 8)}2`,
  );
}

export function encodeSequenceNumber(fields: SequenceNumberFields): string {
  return toBigInt(fields).toString();
}

/** Undefined for a number that no shard can have given. */
export function decodeSequenceNumber(text: string): DecodedSequenceNumber | undefined {
  if (!/^\d{1,60}$/.test(text)) return undefined;
  const digits = BigInt(text).toString(16);
  if (digits.length !== 47 || digits[0] !== '2' || digits[46] !== '2') return undefined;
  const createdSecond = Number.parseInt(digits.slice(1, 10), 16);
  const place = Number.parseInt(digits.slice(11, 27), 16);
  const mark = digits.slice(27, 29);
  if (createdSecond >= latestSecond || !Number.isSafeInteger(place)) return undefined;
  const isPosition = mark === 'ff';
  return {
    createdSecond,
    place,
    arrivalSecond: Number.parseInt(digits.slice(29, 38), 16),
    // The field is signed: AWS names such a shard with a minus sign.
    shardNumber: Number.parseInt(digits.slice(38, 46), 16) | 0,
    isPosition,
    atIndex: isPosition ? place : Math.max(0, place - 1),
    afterIndex: place,
  };
}

const limb = 1e14;
/** One index further is 2^80 more: its decimal digits, split as the limbs are. */
const stepLow = 14_629_174_706_176;
const stepNext = 12_089_258_196;

/**
 * The numbers of consecutive records that share an arrival second, without a BigInt each: four limbs of 14 decimal
 * digits, of which only the lower two usually change. Measured: 90 ns a number against 270 by BigInt.
 */
export class SequenceNumberRun {
  #low: number;
  #next: number;
  #high: bigint;
  #prefix: string;

  /** `fields.place` is that of the first number. */
  constructor(fields: SequenceNumberFields) {
    const value = toBigInt(fields);
    this.#low = Number(value % 10n ** 14n);
    this.#next = Number((value / 10n ** 14n) % 10n ** 14n);
    this.#high = value / 10n ** 28n;
    this.#prefix = this.#high.toString();
  }

  /** The present number; the run moves on to the next record's. */
  take(): string {
    const text = this.#prefix + pad(this.#next) + pad(this.#low);
    this.#low += stepLow;
    this.#next += stepNext;
    if (this.#low >= limb) {
      this.#low -= limb;
      this.#next += 1;
    }
    if (this.#next >= limb) {
      this.#next -= limb;
      this.#high += 1n;
      this.#prefix = this.#high.toString();
    }
    return text;
  }
}

function pad(value: number): string {
  return value >= 1e13 ? String(value) : String(value).padStart(14, '0');
}
