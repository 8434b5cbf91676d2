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
 * Every number has 56 decimal digits, since its leading hex digit is 2. One place further is 2^80 more, which has 25: of
 * the numbers of a run the upper 28 digits nearly always stay, and the lower 28 are seven limbs of four that are added to.
 */
const digitCount = 56;
const limbCount = 7;
const limb = 10_000;
const upperDigits = digitCount - 4 * limbCount;
const stepLimbs = limbsOf(String(2n ** 80n).padStart(4 * limbCount, '0'));

/** The four ASCII digits of every limb, in one word as they lie in memory. */
const limbDigits = Uint32Array.from({ length: limb }, (_, value) => {
  const text = Buffer.from(String(value).padStart(4, '0'));
  return new Uint32Array(Uint8Array.from(text).buffer)[0]!;
});

function limbsOf(digits: string): Int32Array {
  return Int32Array.from({ length: limbCount }, (_, at) => Number(digits.slice(4 * at, 4 * at + 4)));
}

/** The numbers of consecutive records that share an arrival second, without a BigInt each: 70 ns against 270 measured. */
export class SequenceNumberRun {
  readonly #text = Buffer.from(new ArrayBuffer(digitCount));
  readonly #words = new Uint32Array(this.#text.buffer, upperDigits, limbCount);
  readonly #limbs: Int32Array;
  #isFirst = true;

  /** `fields.place` is that of the first number. */
  constructor(fields: SequenceNumberFields) {
    const digits = encodeSequenceNumber(fields);
    this.#text.write(digits, 'latin1');
    this.#limbs = limbsOf(digits.slice(upperDigits));
  }

  /** The present number; the run moves on to the next record's. */
  take(): string {
    if (this.#isFirst) this.#isFirst = false;
    else this.#step();
    return this.#text.toString('latin1');
  }

  #step(): void {
    const limbs = this.#limbs;
    const words = this.#words;
    let carry = 0;
    for (let at = limbCount - 1; at >= 0; at -= 1) {
      let value = limbs[at]! + stepLimbs[at]! + carry;
      carry = 0;
      if (value >= limb) {
        value -= limb;
        carry = 1;
      }
      limbs[at] = value;
      words[at] = limbDigits[value]!;
    }
    if (carry === 1) this.#text.write(String(BigInt(this.#text.toString('latin1', 0, upperDigits)) + 1n), 'latin1');
  }
}
