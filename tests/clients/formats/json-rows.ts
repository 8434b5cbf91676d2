/** The rows of random tables as JSON that Firehose's clients might send, and as Parquet is to have them. */
import type { OrcField, OrcType } from '@millrace/orc';
import type { Printed } from '../orc/random-tables.ts';

type Random = () => number;

/** A row as a JSON object: its members in any order, in any case, some nulls left out, with members that nobody asked for. */
export function rowAsJson(fields: readonly OrcField[], row: readonly unknown[], random: Random): string {
  const members = fields.flatMap(({ name, type }, index) => {
    const value = row[index];
    if (value === null && random() < 0.5) return [];
    const key = random() < 0.3 ? name.toUpperCase() : name;
    return [`${JSON.stringify(key)}:${asJson(type, value, random)}`];
  });
  if (random() < 0.2) members.push(`"unknown":{"deep":[1,"}",${random()}]}`);
  members.sort(() => random() - 0.5);
  return `{${members.join(random() < 0.1 ? ' ,\n ' : ',')}}`;
}

function asJson(type: OrcType, value: unknown, random: Random): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'array':
      return `[${(value as unknown[]).map((element) => asJson(type.element, element, random)).join(',')}]`;
    case 'map': {
      const pairs = value as readonly (readonly [unknown, unknown])[];
      const members = pairs.map(
        ([key, inner]) => `${JSON.stringify(textOf(type.key, key))}:${asJson(type.value, inner, random)}`,
      );
      return `{${members.join(',')}}`;
    }
    case 'struct': {
      const { fields } = type;
      const places = fields.map(({ name }) => (value as Record<string, unknown>)[name]);
      if (random() < 0.1) return `[${fields.map((field, at) => asJson(field.type, places[at], random)).join(',')}]`;
      return rowAsJson(fields, places, random);
    }
    default:
      return simpleAsJson(type, value, random);
  }
}

const bare = new Set(['boolean', 'tinyint', 'smallint', 'int', 'bigint', 'float', 'double', 'decimal']);

/** Numbers and booleans as they are, or now and then as a text. */
function simpleAsJson(type: OrcType, value: unknown, random: Random): string {
  const text = textOf(type, value);
  const isBare = bare.has(type.kind) && Number.isFinite(Number(text) + (type.kind === 'boolean' ? NaN : 0));
  if ((isBare || type.kind === 'boolean') && random() < 0.7) return text;
  return JSON.stringify(text);
}

function textOf(type: OrcType, value: unknown): string {
  if (type.kind === 'date') return new Date((value as number) * 86_400_000).toISOString().slice(0, 10);
  if (type.kind === 'binary') return Buffer.from(value as Uint8Array).toString('base64');
  if (type.kind === 'timestamp' && typeof value === 'bigint') return isoOf(value);
  return Object.is(value, -0) ? '-0.0' : String(value);
}

const perSecond = 1_000_000_000n;

function isoOf(nanos: bigint): string {
  const fraction = ((nanos % perSecond) + perSecond) % perSecond;
  const seconds = new Date(Number((nanos - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(fraction).padStart(9, '0')}Z`;
}

/** OpenX has a map's keys in lower case; of two that are equal then the later counts. */
function foldedPairs(pairs: readonly (readonly [Printed, Printed])[], { kind }: OrcType): [Printed, Printed][] {
  return [...new Map(pairs.map(([key, value]) => [kind === 'string' ? (key as string).toLowerCase() : key, value]))];
}

const minusZero = '8000000000000000';
const plainZero = '0000000000000000';

/** What a file is to have: pairs of maps in one order for both sides; times of Parquet without what is below a microsecond. */
export function expected(type: OrcType, printed: Printed, isParquet: boolean): Printed {
  if (printed === null) return null;
  switch (type.kind) {
    case 'array':
      return (printed as Printed[]).map((element) => expected(type.element, element, isParquet));
    case 'map':
      return foldedPairs(printed as (readonly [Printed, Printed])[], type.key)
        .map(([key, value]) => [expected(type.key, key, isParquet), expected(type.value, value, isParquet)])
        .sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
    case 'struct':
      return expectedRow(type.fields, printed as Printed[], isParquet);
    case 'timestamp': {
      const nanos = BigInt(printed as string);
      return isParquet ? `${nanos - (((nanos % 1000n) + 1000n) % 1000n)}` : printed;
    }
    case 'float':
    case 'double':
      // DuckDB's dictionaries have one entry for zero and minus zero.
      return isParquet && printed === minusZero ? plainZero : printed;
    case 'char':
      return (printed as string).replace(/ +$/, '');
    default:
      return printed;
  }
}

export function expectedRow(fields: readonly OrcField[], row: readonly Printed[], isParquet: boolean): Printed[] {
  return fields.map(({ type }, index) => expected(type, row[index]!, isParquet));
}
