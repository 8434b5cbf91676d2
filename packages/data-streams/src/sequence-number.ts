/*
 * Sequence numbers are Kinesis' version 2: 186 bits, 56 decimal digits. Values agree with npm's kinesalite for the same fields.
 *
 *   number = 2 | createdSecond:9 | shard mod 16:1 | place:16 | mark:2 | arrivalSecond:9 | shard:8 | 2        (hex digits)
 *
 * A shard's starting number has place 0; its record with index n has place n + 1. So "after the starting number" is the
 * first record, and a number decodes to its position without an index. Mark is 00 for records; ff makes a number that lies
 * between the record at its place and the next one: a place to go on, whatever iterator type it comes back with. A closed
 * shard's ending number has the largest place, 7fffffffffffffff (AWS's do: one stands in an error that users posted,
 * github.com/spring-attic/spring-cloud-stream-binder-aws-kinesis/issues/187), and the second of its closing.
 */
export interface SequenceNumberFields {
  readonly createdSecond: number;
  /** 0 for the shard's start, Infinity for its end, else the record's index + 1. */
  readonly place: number;
  readonly arrivalSecond: number;
  readonly shardNumber: number;
  readonly isPosition?: boolean;
}

export interface DecodedSequenceNumber extends SequenceNumberFields {
  readonly isPosition: boolean;
  /** An ending number: `place` and the indices are Infinity. */
  readonly isEnd: boolean;
  /** Index of the first record at or after this number. */
  readonly atIndex: number;
  /** Index of the first record after this number. */
  readonly afterIndex: number;
}

const latestSecond = 16_025_175_000;
const endPlace = '7fffffffffffffff';

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function toBigInt(fields: SequenceNumberFields): bigint {
  const { createdSecond, place, arrivalSecond, shardNumber, isPosition = false } = fields;
  const placeDigits = place === Infinity ? endPlace : hex(place, 16);
  return BigInt(
    `0x2${hex(createdSecond, 9)}${(shardNumber & 15).toString(16)}${placeDigits}${isPosition ? 'ff' : '00'}` +
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
  const isEnd = digits.slice(11, 27) === endPlace;
  const place = isEnd ? Infinity : Number.parseInt(digits.slice(11, 27), 16);
  const mark = digits.slice(27, 29);
  if (createdSecond >= latestSecond || !(isEnd || Number.isSafeInteger(place))) return undefined;
  const isPosition = mark === 'ff';
  return {
    createdSecond,
    place,
    arrivalSecond: Number.parseInt(digits.slice(29, 38), 16),
    // The field is signed: AWS names such a shard with a minus sign.
    shardNumber: Number.parseInt(digits.slice(38, 46), 16) | 0,
    isPosition,
    isEnd,
    atIndex: isPosition ? place : Math.max(0, place - 1),
    afterIndex: place,
  };
}

/*
 * Numbers of consecutive records without a BigInt each. Every number has 56 decimal digits, since its leading hex digit is 2:
 * 14 limbs of four. It is a sum,
 *
 *   number = base of the shard + place · 2^80 + arrivalSecond · 2^36
 *
 * so a run begins with a few multiplications of limbs, and each next number is 2^80 more. 70 ns a number and 150 a run,
 * where a BigInt and its text take 270 and took the run to 900.
 */
const limbCount = 14;
const limb = 10_000;
const placeLimbs = limbsOf(2n ** 80n);
/** The last limbs of 2^80 that are not all zero. */
const placeWidth = 7;

/** The four ASCII digits of every limb, in one word as they lie in memory. */
const limbDigits = Uint32Array.from({ length: limb }, (_, value) => {
  const text = Buffer.from(String(value).padStart(4, '0'));
  return new Uint32Array(Uint8Array.from(text).buffer)[0]!;
});

function limbsOf(value: bigint): Int32Array {
  const digits = String(value).padStart(4 * limbCount, '0');
  return Int32Array.from({ length: limbCount }, (_, at) => Number(digits.slice(4 * at, 4 * at + 4)));
}

/** The present number of whichever shard began a run last. */
const limbs = new Int32Array(limbCount);
const text = Buffer.from(new ArrayBuffer(4 * limbCount));
const words = new Uint32Array(text.buffer);
let running: SequenceNumbers | undefined;
let knownSecond = -1;
let secondLimbs = limbsOf(0n);

/**
 * A shard's numbers. `begin` goes to a record, `take` answers its number and goes on to the next one of the same second. One
 * run at a time, of all shards: begin and take without a pause in between.
 */
export class SequenceNumbers {
  readonly #base: Int32Array;
  #isFirst = true;

  constructor({ createdSecond, shardNumber }: Pick<SequenceNumberFields, 'createdSecond' | 'shardNumber'>) {
    this.#base = limbsOf(toBigInt({ createdSecond, shardNumber, place: 0, arrivalSecond: 0 }));
  }

  begin(place: number, arrivalSecond: number): void {
    if (arrivalSecond !== knownSecond) {
      secondLimbs = limbsOf(BigInt(arrivalSecond) << 36n);
      knownSecond = arrivalSecond;
    }
    for (let at = 0; at < limbCount; at += 1) limbs[at] = this.#base[at]! + secondLimbs[at]!;
    let left = place;
    for (let last = limbCount - 1; left > 0; last -= 1) {
      const digits = left % limb;
      left = (left - digits) / limb;
      for (let at = 0; at < placeWidth; at += 1) limbs[last - at]! += digits * placeLimbs[limbCount - 1 - at]!;
    }
    this.#carry();
    // oxlint-disable-next-line typescript/no-this-alias -- which shard has the run, not a scope
    running = this;
    this.#isFirst = true;
  }

  take(): string {
    if (running !== this) throw new Error('another run began in between');
    if (this.#isFirst) this.#isFirst = false;
    else {
      for (let at = limbCount - placeWidth; at < limbCount; at += 1) limbs[at]! += placeLimbs[at]!;
      this.#carry();
    }
    return text.latin1Slice(0, 4 * limbCount);
  }

  #carry(): void {
    let carry = 0;
    for (let at = limbCount - 1; at >= 0; at -= 1) {
      let value = limbs[at]! + carry;
      carry = 0;
      if (value >= limb) {
        carry = (value / limb) | 0;
        value -= carry * limb;
      }
      limbs[at] = value;
      words[at] = limbDigits[value]!;
    }
  }
}

declare global {
  interface Buffer {
    /** What Buffer.toString calls, without its look at the encoding. */
    latin1Slice(start: number, end: number): string;
  }
}
