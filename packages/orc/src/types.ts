import { OrcSchemaError } from './errors.ts';

/** A column's type, as Hive and Glue name it. */
export type OrcType =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'char' | 'varchar'; readonly length: number }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'array'; readonly element: OrcType }
  | { readonly kind: 'map'; readonly key: OrcType; readonly value: OrcType }
  | StructType;

export interface StructType {
  readonly kind: 'struct';
  readonly fields: readonly OrcField[];
}

export interface OrcField {
  readonly name: string;
  readonly type: OrcType;
}

/** A column as Glue's StorageDescriptor has it. */
export interface OrcColumn {
  readonly name: string;
  /** A Hive type: `bigint`, `array<string>`, `struct<a:int,b:decimal(10,2)>`. */
  readonly type: string;
}

const simpleKinds = [
  'boolean',
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'float',
  'double',
  'string',
  'binary',
  'date',
  'timestamp',
] as const;
type SimpleKind = (typeof simpleKinds)[number];

const longest = { char: 255, varchar: 65_535 };
/** Hive's decimal has at most 38 digits; without parameters it is decimal(10,0). */
const mostDigits = 38;
const deepest = 64;

/** The row's type of a table's columns. Throws OrcSchemaError, naming the column. */
export function parseSchema(schema: string | readonly OrcColumn[]): StructType {
  const type: OrcType = typeof schema === 'string' ? parseType(schema) : structOf(schema);
  if (type.kind !== 'struct') throw new OrcSchemaError(`a schema is a struct<…>, not ${type.kind}`);
  return type;
}

function structOf(columns: readonly OrcColumn[]): StructType {
  const fields = columns.map(({ name, type }) => {
    if (name === '') throw new OrcSchemaError('a column has an empty name');
    try {
      return { name, type: parseType(type) };
    } catch (error) {
      throw new OrcSchemaError(`column ${name}: ${(error as Error).message}`);
    }
  });
  checkFields(fields);
  return { kind: 'struct', fields };
}

/**
 * Reads a type of the Hive language. Throws OrcSchemaError with the place in the text.
 *
 *     type    = simple | "decimal" ["(" digits ["," digits] ")"] | ("char" | "varchar") "(" digits ")"
 *             | "array" "<" type ">" | "map" "<" simple "," type ">" | "struct" "<" field {"," field} ">"
 *     field   = name ":" type
 *     name    = any characters but , : < > ( ) ` and space, or "`" any characters, "``" being one "`" "`"
 *
 * Words are read in any case, spaces between the parts are skipped; `integer` is int, `numeric` is decimal.
 */
export function parseType(text: string): OrcType {
  const reader = new TypeReader(text);
  const type = reader.type(0);
  reader.end();
  return type;
}

class TypeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  type(depth: number): OrcType {
    if (depth > deepest) throw this.#error(`types nest deeper than ${deepest}`);
    const start = this.#skipSpace();
    const word = this.#word().toLowerCase();
    const name = synonyms.get(word) ?? word;
    if (name === 'array') {
      this.#take('<');
      const element = this.type(depth + 1);
      this.#take('>');
      return { kind: 'array', element };
    }
    if (name === 'map') return this.#map(depth);
    if (name === 'struct') return this.#struct(depth);
    if (name === 'decimal') return this.#decimal();
    if (name === 'char' || name === 'varchar') {
      this.#take('(');
      const length = this.#number(1, longest[name], `${name}'s length`);
      this.#take(')');
      return { kind: name, length };
    }
    const kind = simpleKinds.find((simple) => simple === name);
    if (kind !== undefined) return { kind };
    this.#at = start;
    throw this.#error(word === '' ? 'a type is missing' : `${word} is not a type this writer has`);
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#error('more text after the type');
  }

  #map(depth: number): OrcType {
    this.#take('<');
    const start = this.#skipSpace();
    const key = this.type(depth + 1);
    if (key.kind === 'array' || key.kind === 'map' || key.kind === 'struct') {
      this.#at = start;
      throw this.#error(`a map's key is a simple type, not ${key.kind}`);
    }
    this.#take(',');
    const value = this.type(depth + 1);
    this.#take('>');
    return { kind: 'map', key, value };
  }

  #struct(depth: number): OrcType {
    const fields: OrcField[] = [];
    this.#take('<');
    do {
      const name = this.#name();
      this.#take(':');
      fields.push({ name, type: this.type(depth + 1) });
    } while (this.#has(','));
    this.#take('>');
    checkFields(fields);
    return { kind: 'struct', fields };
  }

  #decimal(): OrcType {
    if (!this.#has('(')) return { kind: 'decimal', precision: 10, scale: 0 };
    const precision = this.#number(1, mostDigits, "decimal's precision");
    const scale = this.#has(',') ? this.#number(0, precision, "decimal's scale") : 0;
    this.#take(')');
    return { kind: 'decimal', precision, scale };
  }

  #number(from: number, to: number, what: string): number {
    const start = this.#skipSpace();
    while (/^\d$/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    const text = this.#text.slice(start, this.#at);
    const value = Number(text);
    if (text === '' || value < from || value > to) {
      this.#at = start;
      throw this.#error(`${what} is a number from ${from} to ${to}`);
    }
    return value;
  }

  #name(): string {
    const start = this.#skipSpace();
    const quoted = /^`((?:[^`]|``)+)`/.exec(this.#text.slice(start));
    const plain = /^[^,:<>()`\s]+/.exec(this.#text.slice(start));
    const found = quoted ?? plain;
    if (found === null) throw this.#error("a field's name is missing");
    this.#at = start + found[0].length;
    return quoted === null ? found[0] : quoted[1]!.replaceAll('``', '`');
  }

  #word(): string {
    const found = /^\w+/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #has(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(character: string): void {
    if (!this.#has(character)) throw this.#error(`"${character}" is missing`);
  }

  #skipSpace(): number {
    while (/^\s$/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    return this.#at;
  }

  #error(message: string): OrcSchemaError {
    return new OrcSchemaError(`${message} at character ${this.#at + 1} of "${this.#text}"`);
  }
}

const synonyms: ReadonlyMap<string, string> = new Map([
  ['integer', 'int'],
  ['numeric', 'decimal'],
]);

function checkFields(fields: readonly OrcField[]): void {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) throw new OrcSchemaError(`the name ${name} stands for two fields of one struct`);
    names.add(name);
  }
}
