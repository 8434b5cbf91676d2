/** Tables of random types and values, each value as it is given to the writer and as readers are to find it. */

/** A value as the readers of the tests print it: texts of numbers, so that none is rounded; see `python/columnar_reader.py`. */
export type Printed = null | boolean | string | readonly Printed[];

export interface Cell {
  readonly given: unknown;
  readonly printed: Printed;
}

export interface RandomTable {
  readonly schema: string;
  readonly rows: readonly unknown[][];
  readonly printed: readonly Printed[];
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface RandomColumn {
  readonly type: string;
  readonly next: () => Cell;
}

const deepest = 3;

export class TableMaker {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = generator(seed);
  }

  table(mostRows: number): RandomTable {
    const names = Array.from({ length: 1 + this.#below(8) }, (_, index) => `c${index}`);
    const columns = names.map(() => this.#column(0));
    const cells = Array.from({ length: this.#below(mostRows + 1) }, () => columns.map(({ next }) => next()));
    return {
      schema: `struct<${columns.map(({ type }, index) => `${names[index]}:${type}`).join(',')}>`,
      rows: cells.map((row) => row.map(({ given }) => given)),
      printed: cells.map((row) => row.map(({ printed }) => printed)),
    };
  }

  #column(depth: number): RandomColumn {
    const kind = this.#pick(depth < deepest ? [...leaves, 'array', 'map', 'struct'] : leaves);
    const column = this.#columnOf(kind, depth);
    const nulls = this.#pick([0, 0, 0.02, 0.5, 0.98, 1]);
    const next = (): Cell => (this.#random() < nulls ? { given: null, printed: null } : column.next());
    return { type: column.type, next };
  }

  #columnOf(kind: string, depth: number): RandomColumn {
    if (kind === 'array') return this.#array(depth);
    if (kind === 'map') return this.#map(depth);
    if (kind === 'struct') return this.#struct(depth);
    if (kind === 'decimal') return this.#decimal();
    if (kind === 'char' || kind === 'varchar') return this.#sizedText(kind);
    return { type: kind, next: this.#leaf(kind) };
  }

  #array(depth: number): RandomColumn {
    const element = this.#column(depth + 1);
    const most = this.#pick([0, 2, 10]);
    const next = (): Cell => {
      const cells = Array.from({ length: this.#below(most + 1) }, element.next);
      return { given: cells.map(({ given }) => given), printed: cells.map(({ printed }) => printed) };
    };
    return { type: `array<${element.type}>`, next };
  }

  #map(depth: number): RandomColumn {
    const key = this.#columnOf(this.#pick(['string', 'int', 'bigint', 'date']), depth);
    const value = this.#column(depth + 1);
    const next = (): Cell => {
      // A key that comes twice would be one entry less in some readers.
      const keys = new Map(Array.from({ length: this.#below(5) }, key.next).map((cell) => [cell.printed, cell]));
      const pairs = Array.from(keys.values(), (cell) => [cell, value.next()] as const);
      return {
        given: pairs.map(([left, right]) => [left.given, right.given]),
        printed: pairs.map(([left, right]) => [left.printed, right.printed]),
      };
    };
    return { type: `map<${key.type},${value.type}>`, next };
  }

  #struct(depth: number): RandomColumn {
    const fields = Array.from({ length: 1 + this.#below(3) }, () => this.#column(depth + 1));
    const next = (): Cell => {
      const cells = fields.map((field) => field.next());
      const given = Object.fromEntries(cells.map((cell, index) => [`f${index}`, cell.given]));
      return { given, printed: cells.map(({ printed }) => printed) };
    };
    return { type: `struct<${fields.map(({ type }, index) => `f${index}:${type}`).join(',')}>`, next };
  }

  #decimal(): RandomColumn {
    const precision = 1 + this.#below(38);
    const scale = this.#below(precision + 1);
    const next = (): Cell => {
      const digits = this.#digits(1 + this.#below(precision)).replace(/^0+(?=\d)/, '');
      const padded = digits.padStart(scale + 1, '0');
      const sign = this.#random() < 0.5 && /[1-9]/.test(digits) ? '-' : '';
      const point = padded.length - scale;
      const text = `${sign}${padded.slice(0, point)}${scale > 0 ? '.' : ''}${padded.slice(point)}`;
      return { given: text, printed: `${sign}${digits}` };
    };
    return { type: `decimal(${precision},${scale})`, next };
  }

  #sizedText(kind: 'char' | 'varchar'): RandomColumn {
    const length = 1 + this.#below(20);
    const text = this.#leaf('string');
    const next = (): Cell => {
      const given = text().given as string;
      const cut = [...given].slice(0, length).join('');
      // Readers disagree on whether the spaces that fill a char are its own: the printed form has none.
      return { given, printed: kind === 'char' ? cut.replace(/ +$/, '') : cut };
    };
    return { type: `${kind}(${length})`, next };
  }

  #leaf(kind: string): () => Cell {
    if (kind === 'boolean') return this.#booleans();
    if (kind === 'float' || kind === 'double') return this.#floats(kind);
    if (kind === 'string') return this.#texts();
    if (kind === 'binary') return this.#binaries();
    if (kind === 'timestamp') return this.#timestamps();
    const bits = { tinyint: 8, smallint: 16, int: 32, bigint: 64, date: 0 }[kind]!;
    return kind === 'date'
      ? this.#integers(-700_000n, 2_900_000n)
      : this.#integers(-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n);
  }

  #booleans(): () => Cell {
    const share = this.#pick([0, 0.1, 0.5, 1]);
    return () => {
      const given = this.#random() < share;
      return { given, printed: given };
    };
  }

  /** In the shapes that the encodings tell apart: constants, runs, steps, outliers, and anything at all. */
  #integers(least: bigint, most: bigint): () => Cell {
    const anything = (): bigint => least + (this.#big() % (most - least + 1n));
    const small = BigInt(this.#pick([2, 10, 100, 1000]));
    const start = this.#pick([0n, anything()]);
    const step = BigInt(this.#pick([-1000, -1, 0, 1, 7, 128]));
    const repeats = this.#pick([0, 0.5, 0.9, 0.99]);
    let last = start;
    const shapes = [
      anything,
      (): bigint => start,
      (): bigint => last + step,
      (): bigint => last + (this.#big() % small),
      (): bigint => last - (this.#big() % small),
      (): bigint => this.#big() % small,
      (): bigint => (this.#random() < 0.03 ? anything() : start + (this.#big() % small)),
    ];
    const shape = this.#pick(shapes);
    return () => {
      const value = this.#random() < repeats ? last : shape();
      last = value < least || value > most ? anything() : value;
      const given = BigInt.asIntN(53, last) === last && this.#random() < 0.5 ? Number(last) : last;
      // Dates are numbers, not bigints.
      return { given: most === 2_900_000n ? Number(last) : given, printed: String(last) };
    };
  }

  #floats(kind: 'float' | 'double'): () => Cell {
    const special = [0, -0, NaN, Infinity, -Infinity, 1.5, 5e-324, 1e300, -1e-30];
    const isSpecial = this.#pick([0, 0.3]);
    return () => {
      const value = this.#random() < isSpecial ? this.#pick(special) : (this.#random() - 0.5) * 10 ** this.#below(20);
      const stored = kind === 'float' ? Math.fround(value) : value;
      return { given: value, printed: printDouble(stored) };
    };
  }

  #texts(): () => Cell {
    const alphabet = this.#pick(['ab', 'abcdefgh XYZ0123456789', 'aé→\u{1F600}z', '\uFFFD\u{10FFFF}\uE000\uD7FF']);
    const characters = [...alphabet];
    const distinct = this.#pick([1, 5, 300, 0]);
    const longest = this.#pick([0, 3, 30, 2000]);
    const make = (): string => Array.from({ length: this.#below(longest + 1) }, () => this.#pick(characters)).join('');
    const known = Array.from({ length: distinct }, make);
    return () => {
      const given = distinct === 0 ? make() : this.#pick(known);
      return { given, printed: given };
    };
  }

  #binaries(): () => Cell {
    const longest = this.#pick([0, 4, 300]);
    return () => {
      const given = Uint8Array.from({ length: this.#below(longest + 1) }, () => this.#below(256));
      return { given, printed: Buffer.from(given).toString('hex') };
    };
  }

  /** Between the years that a 64-bit count of nanoseconds spans, for readers have such. */
  #timestamps(): () => Cell {
    const unit = this.#pick([1n, 10n, 1000n, 1_000_000n, 1_000_000_000n]);
    const [least, most] = this.#pick([
      [-8_000_000_000n, 8_000_000_000n],
      [1_700_000_000n, 1_800_000_000n],
    ] as const);
    return () => {
      const second = least + (this.#big() % (most - least));
      const nanos = ((this.#big() % 1_000_000_000n) / unit) * unit;
      // The one second that ORC does not have.
      const whole = (second === -1n ? 0n : second) * 1_000_000_000n + nanos;
      return { given: this.#random() < 0.5 ? whole : instantText(whole), printed: String(whole) };
    };
  }

  #digits(count: number): string {
    return Array.from({ length: count }, () => this.#below(10)).join('');
  }

  #big(): bigint {
    return (BigInt(this.#below(2 ** 32)) << 32n) | BigInt(this.#below(2 ** 32));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.#below(choices.length)]!;
  }
}

const leaves = [
  'boolean',
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'float',
  'double',
  'string',
  'char',
  'varchar',
  'binary',
  'date',
  'timestamp',
  'decimal',
] as const;

/** The bits of a double, in hexadecimal. */
function printDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

function instantText(nanos: bigint): string {
  const fraction = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = new Date(Number((nanos - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds.replace('T', ' ')}.${String(fraction).padStart(9, '0')}`;
}
