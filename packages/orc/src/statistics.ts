import { Message } from './message.ts';
import { compareText } from './text-order.ts';

/** What a column's statistics say beside the count: of a row group, then summed into the stripe's and the file's. */
export interface Statistics {
  /** Adds this type's part to a ColumnStatistics message. */
  describe(message: Message): void;
  /** Adds another's, of the same kind. */
  merge(other: this): void;
  reset(): void;
}

/** The fields of ColumnStatistics. */
const field = {
  integer: 2,
  double: 3,
  text: 4,
  bucket: 5,
  decimal: 6,
  date: 7,
  binary: 8,
  timestamp: 9,
  collection: 12,
};

/** Of types whose values have no order. */
export class NoStatistics implements Statistics {
  describe(): void {}
  merge(): void {}
  reset(): void {}
}

const [leastLong, mostLong] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Sums that stay exact as numbers. */
const exactSum = 2 ** 53;

/** Integers, dates and unscaled decimals: the least, the most and the sum. */
abstract class ExactStatistics implements Statistics {
  least: number | bigint | undefined;
  most: number | bigint | undefined;
  sum = 0n;

  add(values: Float64Array, count: number): void {
    if (count === 0) return;
    let [least, most] = [values[0]!, values[0]!];
    let sum = 0;
    for (let index = 0; index < count; index += 1) {
      const value = values[index]!;
      if (value < least) least = value;
      else if (value > most) most = value;
      sum += value;
    }
    this.#extend(least, most);
    if (Math.max(-least, most) * count < exactSum) this.sum += BigInt(sum);
    else for (let index = 0; index < count; index += 1) this.sum += BigInt(values[index]!);
  }

  addWide(values: BigInt64Array | readonly bigint[], count: number): void {
    for (let index = 0; index < count; index += 1) {
      const value = values[index]!;
      this.#extend(value, value);
      this.sum += value;
    }
  }

  merge(other: this): void {
    if (other.least === undefined) return;
    this.#extend(other.least, other.most!);
    this.sum += other.sum;
  }

  reset(): void {
    this.least = undefined;
    this.most = undefined;
    this.sum = 0n;
  }

  abstract describe(message: Message): void;

  #extend(least: number | bigint, most: number | bigint): void {
    if (this.least === undefined || least < this.least) this.least = least;
    if (this.most === undefined || most > this.most) this.most = most;
  }
}

export class IntegerStatistics extends ExactStatistics {
  /** A sum beyond 64 bits is left out. */
  override describe(message: Message): void {
    const isSummed = this.sum >= leastLong && this.sum <= mostLong;
    const inner = new Message().sint(1, this.least).sint(2, this.most);
    message.message(field.integer, inner.sint(3, isSummed ? this.sum : undefined));
  }
}

/** Days since 1970. */
export class DateStatistics extends ExactStatistics {
  override describe(message: Message): void {
    message.message(field.date, new Message().sint(1, this.least).sint(2, this.most));
  }
}

const mostDigits = 38;

export class DecimalStatistics extends ExactStatistics {
  readonly #scale: number;

  constructor(scale: number) {
    super();
    this.#scale = scale;
  }

  /** As text, for that is how ORC has them; a sum of more than 38 digits is left out. */
  override describe(message: Message): void {
    const inner = new Message();
    if (this.least !== undefined) {
      inner.text(1, decimalText(this.least, this.#scale)).text(2, decimalText(this.most!, this.#scale));
      const sum = decimalText(this.sum, this.#scale);
      if (sum.replaceAll(/\D/g, '').length <= mostDigits) inner.text(3, sum);
    }
    message.message(field.decimal, inner);
  }
}

/** The shortest plain text of an unscaled decimal: what Hive prints, and what it hashes for bloom filters. */
export function decimalText(unscaled: number | bigint, scale: number): string {
  const sign = unscaled < 0 ? '-' : '';
  const digits = `${unscaled}`.replace('-', '').padStart(scale + 1, '0');
  const point = digits.length - scale;
  const fraction = digits.slice(point).replace(/0+$/, '');
  return `${sign}${digits.slice(0, point)}${fraction === '' ? '' : '.'}${fraction}`;
}

export class DoubleStatistics implements Statistics {
  #least = Infinity;
  #most = -Infinity;
  #sum = 0;
  #hasNan = false;
  #hasNegativeZero = false;

  add(values: Float32Array | Float64Array, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const value = values[index]!;
      if (value < this.#least) this.#least = value;
      if (value > this.#most) this.#most = value;
      if (value !== value) this.#hasNan = true;
      if (value === 0 && 1 / value < 0) this.#hasNegativeZero = true;
      this.#sum += value;
    }
  }

  merge(other: this): void {
    this.#least = Math.min(this.#least, other.#least);
    this.#most = Math.max(this.#most, other.#most);
    this.#sum += other.#sum;
    this.#hasNan ||= other.#hasNan;
    this.#hasNegativeZero ||= other.#hasNegativeZero;
  }

  reset(): void {
    this.#least = Infinity;
    this.#most = -Infinity;
    this.#sum = 0;
    this.#hasNan = false;
    this.#hasNegativeZero = false;
  }

  /**
   * With a NaN among the values there are no bounds, for a reader that skips by them would lose the NaN, and the sum is NaN,
   * by which ORC's Java reader knows. A zero is a bound by its sign, for Java orders -0 below 0.
   */
  describe(message: Message): void {
    const inner = new Message();
    if (this.#hasNan) inner.double(3, NaN);
    else if (this.#least <= this.#most) {
      inner.double(1, this.#least === 0 && this.#hasNegativeZero ? -0 : this.#least);
      inner.double(2, this.#most === 0 ? 0 : this.#most);
      if (Math.abs(this.#sum) !== Infinity) inner.double(3, this.#sum);
    }
    message.message(field.double, inner);
  }
}

/** Bytes of a bound; a longer least or most is cut to a bound that is still one. */
const mostBoundBytes = 1024;

export class TextStatistics implements Statistics {
  #least: string | undefined;
  #most: string | undefined;
  #bytes = 0;

  add(value: string): void {
    if (this.#least === undefined) {
      this.#least = value;
      this.#most = value;
    } else if (compareText(value, this.#least) < 0) this.#least = value;
    else if (compareText(value, this.#most!) > 0) this.#most = value;
  }

  /** The bytes of all values, counted apart: a value of a dictionary is added once, its bytes each time. */
  addBytes(count: number): void {
    this.#bytes += count;
  }

  merge(other: this): void {
    if (other.#least !== undefined) {
      this.add(other.#least);
      this.add(other.#most!);
    }
    this.#bytes += other.#bytes;
  }

  reset(): void {
    this.#least = undefined;
    this.#most = undefined;
    this.#bytes = 0;
  }

  describe(message: Message): void {
    const inner = new Message();
    if (this.#least !== undefined) {
      const [least, most] = [cutText(this.#least), cutText(this.#most!)];
      if (least === this.#least) inner.text(1, least);
      if (most === this.#most) inner.text(2, most);
      inner.sint(3, this.#bytes);
      if (least !== this.#least) inner.text(4, least);
      if (most !== this.#most) inner.text(5, nextText(most));
    }
    message.message(field.text, inner);
  }
}

/** As many whole characters as fit the bytes of a bound. */
function cutText(text: string): string {
  if (text.length * 3 <= mostBoundBytes || Buffer.byteLength(text) <= mostBoundBytes) return text;
  let cut = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > mostBoundBytes) break;
    cut += character;
  }
  return cut;
}

/** A text greater than all that begin with this one: its last character is the next one. */
function nextText(text: string): string {
  const characters = [...text];
  while (characters.length > 0) {
    const code = characters.pop()!.codePointAt(0)!;
    // U+D800 to U+DFFF are no characters; after U+10FFFF there is none.
    if (code < 0x10_ff_ff) return characters.join('') + String.fromCodePoint(code === 0xd7_ff ? 0xe0_00 : code + 1);
  }
  return text;
}

export class BooleanStatistics implements Statistics {
  #trues = 0;

  add(bits: readonly number[]): void {
    for (const bit of bits) this.#trues += bit;
  }

  merge(other: this): void {
    this.#trues += other.#trues;
  }

  reset(): void {
    this.#trues = 0;
  }

  describe(message: Message): void {
    message.message(field.bucket, new Message().packed(1, [this.#trues]));
  }
}

export class BinaryStatistics implements Statistics {
  #bytes = 0;

  add(count: number): void {
    this.#bytes += count;
  }

  merge(other: this): void {
    this.#bytes += other.#bytes;
  }

  reset(): void {
    this.#bytes = 0;
  }

  describe(message: Message): void {
    message.message(field.binary, new Message().sint(1, this.#bytes));
  }
}

const lastNanos = 999_999;

/** The least and the most instant: milliseconds since 1970 and the nanoseconds within. */
export class TimestampStatistics implements Statistics {
  #least = Infinity;
  #leastNanos = 0;
  #most = -Infinity;
  #mostNanos = 0;

  add(millis: number, nanos: number): void {
    if (millis < this.#least || (millis === this.#least && nanos < this.#leastNanos)) {
      this.#least = millis;
      this.#leastNanos = nanos;
    }
    if (millis > this.#most || (millis === this.#most && nanos > this.#mostNanos)) {
      this.#most = millis;
      this.#mostNanos = nanos;
    }
  }

  merge(other: this): void {
    if (other.#least > other.#most) return;
    this.add(other.#least, other.#leastNanos);
    this.add(other.#most, other.#mostNanos);
  }

  reset(): void {
    this.#least = Infinity;
    this.#most = -Infinity;
  }

  /** The nanoseconds are kept plus one; left out they are the least, and the most, that there can be. */
  describe(message: Message): void {
    const inner = new Message();
    if (this.#least <= this.#most) {
      inner.sint(3, this.#least).sint(4, this.#most);
      if (this.#leastNanos !== 0) inner.uint(5, this.#leastNanos + 1);
      if (this.#mostNanos !== lastNanos) inner.uint(6, this.#mostNanos + 1);
    }
    message.message(field.timestamp, inner);
  }
}

/** Lists and maps: the fewest, the most and all of their elements. */
export class CollectionStatistics implements Statistics {
  #fewest = Infinity;
  #most = 0;
  #all = 0;

  add(lengths: Float64Array, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const length = lengths[index]!;
      if (length < this.#fewest) this.#fewest = length;
      if (length > this.#most) this.#most = length;
      this.#all += length;
    }
  }

  merge(other: this): void {
    this.#fewest = Math.min(this.#fewest, other.#fewest);
    this.#most = Math.max(this.#most, other.#most);
    this.#all += other.#all;
  }

  reset(): void {
    this.#fewest = Infinity;
    this.#most = 0;
    this.#all = 0;
  }

  describe(message: Message): void {
    const fewest = this.#fewest === Infinity ? 0 : this.#fewest;
    message.message(field.collection, new Message().uint(1, fewest).uint(2, this.#most).uint(3, this.#all));
  }
}
