import type { OrcType } from '@millrace/orc';
import type { DuckDb, Vector } from './duckdb.ts';

/** A type whose values come as the readers make them, or a uuid as an unsigned integer of 128 bits; in others too. */
export type VectorType =
  | Exclude<OrcType, { readonly kind: 'array' | 'map' | 'struct' }>
  | { readonly kind: 'uuid' }
  | { readonly kind: 'array'; readonly element: VectorType }
  | { readonly kind: 'map'; readonly key: VectorType; readonly value: VectorType }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly type: VectorType }[] };

/** Of 128 bits, the upmost of which DuckDB stores the other way round, so that uuids are ordered as signed integers. */
const uuidInteger = { kind: 'decimal', precision: 38, scale: 0 } as const;

/**
 * Writes values, as the readers make them, into the memory of a DuckDB vector of the type's own layout
 * (https://duckdb.org/docs/stable/clients/c/vector): one value after the other, a bit for each that is not null.
 */
export class VectorWriter {
  readonly #duckdb: DuckDb;
  #leastInt = 0;
  #mostInt = 0;

  constructor(duckdb: DuckDb) {
    this.#duckdb = duckdb;
  }

  /** Whether two of the int values written so far can be more than 31 bits apart. */
  get hasWideInts(): boolean {
    return this.#mostInt - this.#leastInt >= 2 ** 31;
  }

  write(vector: Vector, type: VectorType, values: readonly unknown[]): void {
    if (values.includes(null)) this.#writeNulls(vector, values);
    switch (type.kind) {
      case 'string':
      case 'char':
      case 'varchar':
        return this.#writeTexts(vector, values);
      case 'binary':
        for (const [index, value] of values.entries())
          if (value !== null) this.#duckdb.vector_assign_string_element_len(vector, index, value as Buffer);
        return undefined;
      case 'array':
        return this.#writeLists(vector, values, (inner) =>
          this.write(this.#duckdb.list_vector_get_child(vector), type.element, inner),
        );
      case 'map':
        return this.#writeLists(vector, values, (pairs) => {
          const entries = this.#duckdb.list_vector_get_child(vector);
          this.#writeFields(entries, [type.key, type.value], pairs);
        });
      case 'struct':
        return this.#writeFields(
          vector,
          type.fields.map((field) => field.type),
          values,
        );
      case 'uuid': {
        const integers = values.map((value) => (value === null ? null : (value as bigint) ^ (1n << 127n)));
        return this.#writeNumbers(vector, uuidInteger, integers);
      }
      default:
        return this.#writeNumbers(vector, type, values);
    }
  }

  #writeNulls(vector: Vector, values: readonly unknown[]): void {
    this.#duckdb.vector_ensure_validity_writable(vector);
    const bits = new Uint8Array(Math.ceil(values.length / 64) * 8).fill(0xff);
    for (const [index, value] of values.entries()) if (value === null) bits[index >>> 3]! &= ~(1 << (index & 7));
    this.#duckdb.copy_data_to_vector_validity(vector, 0, bits.buffer, 0, bits.length);
  }

  /**
   * A text is sixteen bytes: its length, and up to twelve bytes of its own or a pointer. Those are written here; what the
   * pointers point to goes to DuckDB as one text, the long ones one after the other, for a call takes ten times as long.
   */
  #writeTexts(vector: Vector, values: readonly unknown[]): void {
    const bytes = new Uint8Array(values.length * 16);
    const long: number[] = [];
    const odd: number[] = [];
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] as string | null;
      if (value === null) continue;
      if (value.length > longestShort) long.push(index);
      else if (!writeShortText(bytes, index * 16, value)) odd.push(index);
    }
    if (long.length > 0) this.#writeLongTexts(vector, bytes, { values, places: long });
    this.#duckdb.copy_data_to_vector(vector, 0, bytes.buffer, 0, bytes.length);
    for (const index of odd)
      this.#duckdb.vector_assign_string_element_len(vector, index, Buffer.from(values[index] as string));
  }

  /** The memory that DuckDB gives to one text holds all; it is the vector's until its chunk is reset. */
  #writeLongTexts(vector: Vector, bytes: Uint8Array<ArrayBuffer>, { values, places }: Places): void {
    const texts = places.map((place) => values[place] as string);
    const { all, lengths } = encodeTexts(texts);
    this.#duckdb.vector_assign_string_element_len(vector, 0, all);
    const given = this.#duckdb.vector_get_data(vector, 16);
    const start = new DataView(given.buffer, given.byteOffset, 16).getBigUint64(8, true);
    const words = new Uint32Array(bytes.buffer);
    const [low, high] = [Number(start & 0xff_ff_ff_ffn), Number(start >> 32n)];
    let from = 0;
    for (const [index, place] of places.entries()) {
      const pointer = low + from;
      words[place * 4] = lengths[index]!;
      for (let at = 0; at < 4; at += 1) bytes[place * 16 + 4 + at] = all[from + at]!;
      words[place * 4 + 2] = pointer;
      words[place * 4 + 3] = high + (pointer >= twoTo32 ? 1 : 0);
      from += lengths[index]!;
    }
  }

  #writeLists(
    vector: Vector,
    values: readonly unknown[],
    writeInner: (inner: readonly (readonly unknown[])[]) => void,
  ): void {
    const inner: (readonly unknown[])[] = [];
    // Two numbers of 64 bits each, whose upper halves are zero: where it begins and how many there are.
    const places = new Uint32Array(values.length * 4);
    for (const [index, value] of (values as readonly (readonly (readonly unknown[])[] | null)[]).entries()) {
      places[index * 4] = inner.length;
      places[index * 4 + 2] = value?.length ?? 0;
      if (value !== null) for (const element of value) inner.push(element);
    }
    this.#duckdb.copy_data_to_vector(vector, 0, places.buffer, 0, places.byteLength);
    this.#duckdb.list_vector_reserve(vector, inner.length);
    this.#duckdb.list_vector_set_size(vector, inner.length);
    writeInner(inner);
  }

  /** Rows to columns; the fields of what is null are null. */
  #writeFields(vector: Vector, types: readonly VectorType[], values: readonly unknown[]): void {
    for (const [place, type] of types.entries()) {
      const column = (values as readonly (readonly unknown[] | null)[]).map((value) => value?.[place] ?? null);
      this.write(this.#duckdb.struct_vector_get_child(vector, place), type, column);
    }
  }

  #writeNumbers(vector: Vector, type: OrcType, values: readonly unknown[]): void {
    const array = arrayOf(type, values.length);
    if (array instanceof BigInt64Array) writeLongs(array, type, values);
    else
      for (let index = 0; index < values.length; index += 1) {
        const value = values[index];
        if (value !== null) array[index] = Number(value);
      }
    if (type.kind === 'int') this.#noteExtremes(array as Int32Array<ArrayBuffer>);
    this.#duckdb.copy_data_to_vector(vector, 0, array.buffer, 0, array.byteLength);
  }

  #noteExtremes(values: Int32Array): void {
    for (const value of values) {
      if (value < this.#leastInt) this.#leastInt = value;
      else if (value > this.#mostInt) this.#mostInt = value;
    }
  }
}

/** All begin at their buffer's first byte. */
type NumberArray =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>;

function arrayOf(type: OrcType, count: number): NumberArray {
  switch (type.kind) {
    case 'boolean':
      return new Uint8Array(count);
    case 'tinyint':
      return new Int8Array(count);
    case 'smallint':
      return new Int16Array(count);
    case 'int':
    case 'date':
      return new Int32Array(count);
    case 'float':
      return new Float32Array(count);
    case 'double':
      return new Float64Array(count);
    case 'decimal':
      if (type.precision <= 4) return new Int16Array(count);
      if (type.precision <= 9) return new Int32Array(count);
      return new BigInt64Array(type.precision <= 18 ? count : count * 2);
    default:
      return new BigInt64Array(count);
  }
}

const twoTo32 = 2 ** 32;

function writeLongs(array: BigInt64Array<ArrayBuffer>, type: OrcType, values: readonly unknown[]): void {
  const halves = new Int32Array(array.buffer);
  const isShort = array.length === values.length;
  const factor = type.kind === 'timestamp' ? 1000 : 1;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number | bigint | null;
    if (value === null) continue;
    if (isShort && typeof value === 'number' && Number.isSafeInteger(value * factor))
      writeSafeLong(halves, index, value * factor);
    else writeLong(array, index, type, value);
  }
}

/** Eight bytes, or sixteen for decimals of more than 18 digits: the lower half first. */
function writeLong(array: BigInt64Array<ArrayBuffer>, index: number, type: OrcType, value: number | bigint): void {
  if (type.kind === 'decimal' && type.precision > 18) {
    const unscaled = BigInt(value);
    array[index * 2] = BigInt.asIntN(64, unscaled);
    array[index * 2 + 1] = unscaled >> 64n;
  } else if (type.kind === 'timestamp') {
    // Milliseconds, or nanoseconds of which those below a microsecond are cut: both toward the past.
    array[index] = typeof value === 'number' ? BigInt(value) * 1000n : floorDivide(value, 1000n);
  } else array[index] = BigInt(value);
}

/** The same by halves, four times as fast, for whole numbers that doubles have exactly. */
function writeSafeLong(halves: Int32Array, index: number, value: number): void {
  const upper = Math.floor(value / twoTo32);
  halves[index * 2] = value - upper * twoTo32;
  halves[index * 2 + 1] = upper;
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

const longestShort = 12;

interface Places {
  readonly values: readonly unknown[];
  readonly places: readonly number[];
}

/** UTF-8, one text after the other, and how much of it each has. What is ASCII alone is encoded at once, twice as fast. */
function encodeTexts(texts: readonly string[]): { readonly all: Buffer; readonly lengths: readonly number[] } {
  const joined = texts.join('');
  const ascii = Buffer.from(joined);
  if (ascii.length === joined.length) return { all: ascii, lengths: texts.map(({ length }) => length) };
  // Each by itself: where two texts meet, halves of a pair of surrogates are no character.
  const all = Buffer.allocUnsafeSlow(joined.length * 3);
  let end = 0;
  const lengths = texts.map((text) => {
    const written = all.write(text, end);
    end += written;
    return written;
  });
  return { all: all.subarray(0, end), lengths };
}

/** Writes a text of at most twelve characters of ASCII; false for any other. */
function writeShortText(bytes: Uint8Array, at: number, text: string): boolean {
  const { length } = text;
  if (length > longestShort) return false;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 127) return false;
    bytes[at + 4 + index] = code;
  }
  bytes[at] = length;
  return true;
}
