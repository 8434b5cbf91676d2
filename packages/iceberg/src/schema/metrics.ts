import { isPrimitive, valueAt, valueColumns } from './partitioning.ts';
import type { Column } from './partitioning.ts';
import { singleValue } from './single-value.ts';
import { truncateText } from './transforms.ts';
import type { PrimitiveType, StructType } from './types.ts';

/** What a manifest says about a file's columns, by field id. Bounds are in single-value bytes. */
export interface ColumnMetrics {
  readonly valueCounts: readonly (readonly [number, number])[];
  readonly nullCounts: readonly (readonly [number, number])[];
  readonly nanCounts: readonly (readonly [number, number])[];
  readonly lowerBounds: readonly (readonly [number, Uint8Array])[];
  readonly upperBounds: readonly (readonly [number, Uint8Array])[];
}

/** Java's default too (write.metadata.metrics.max-inferred-column-defaults): manifests stay small under wide tables. */
const mostColumns = 100;
/** Bounds of texts and bytes have no more characters and bytes (Java's truncate(16)). */
const boundLength = 16;

/** Counts the values of a file's columns and keeps their extremes. */
export class MetricsCollector {
  readonly #columns: readonly ColumnCounts[];

  constructor(schema: StructType) {
    this.#columns = valueColumns(schema)
      .slice(0, mostColumns)
      .map((column) => new ColumnCounts(column));
  }

  add(row: readonly unknown[]): void {
    for (const column of this.#columns) column.add(valueAt(row, column.column.path));
  }

  metrics(): ColumnMetrics {
    const columns = this.#columns;
    return {
      valueCounts: columns.map(({ column, values }) => [column.id, values]),
      nullCounts: columns.map(({ column, nulls }) => [column.id, nulls]),
      nanCounts: columns.filter(({ column }) => isFloat(column.type)).map(({ column, nans }) => [column.id, nans]),
      lowerBounds: columns.flatMap((counts) => boundOf(counts, lowerBound)),
      upperBounds: columns.flatMap((counts) => boundOf(counts, upperBound)),
    };
  }
}

function boundOf(
  { column, least, most }: ColumnCounts,
  make: (type: PrimitiveType, least: unknown, most: unknown) => Buffer | undefined,
): [number, Uint8Array][] {
  if (least === undefined || !isPrimitive(column.type)) return [];
  const bound = make(column.type, least, most);
  return bound === undefined ? [] : [[column.id, bound]];
}

class ColumnCounts {
  readonly column: Column;
  values = 0;
  nulls = 0;
  nans = 0;
  least: unknown;
  most: unknown;
  readonly #isBefore: (a: unknown, b: unknown) => boolean;

  constructor(column: Column) {
    this.column = column;
    this.#isBefore = orderOf(column.type);
  }

  add(value: unknown): void {
    this.values += 1;
    if (value === null) this.nulls += 1;
    else if (Number.isNaN(value)) this.nans += 1;
    else if (this.least === undefined) this.least = this.most = value;
    else if (this.#isBefore(value, this.least)) this.least = value;
    else if (this.#isBefore(this.most, value)) this.most = value;
  }
}

function orderOf({ kind }: PrimitiveType): (a: unknown, b: unknown) => boolean {
  switch (kind) {
    case 'string':
      return (a, b) => isTextBefore(a as string, b as string);
    case 'binary':
      return (a, b) => Buffer.compare(a as Buffer, b as Buffer) < 0;
    default:
      return (a, b) => (a as number) < (b as number);
  }
}

/** By code points, as UTF-8's bytes are ordered; JavaScript's own order has surrogates before U+E000. */
export function isTextBefore(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === length) return a.length < b.length;
  const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)];
  if (one < firstSurrogate || other < firstSurrogate) return one < other;
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

const firstSurrogate = 0xd8_00;

function lowerBound(type: PrimitiveType, least: unknown): Buffer {
  if (type.kind === 'string') return singleValue(type, truncateText(least as string, boundLength));
  if (type.kind === 'binary') return singleValue(type, (least as Buffer).subarray(0, boundLength));
  // A zero that the order took for the other one.
  return singleValue(type, isZero(type, least) ? -0 : least);
}

/** Undefined where what was cut off cannot be covered: then there is no bound. */
function upperBound(type: PrimitiveType, _least: unknown, most: unknown): Buffer | undefined {
  if (type.kind === 'string') {
    const text = upperText(most as string);
    return text === undefined ? undefined : singleValue(type, text);
  }
  if (type.kind === 'binary') return upperBytes(most as Buffer);
  return singleValue(type, isZero(type, most) ? 0 : most);
}

function isZero(type: PrimitiveType, value: unknown): boolean {
  return isFloat(type) && value === 0;
}

function isFloat({ kind }: PrimitiveType): boolean {
  return kind === 'float' || kind === 'double';
}

function upperText(text: string): string | undefined {
  const cut = truncateText(text, boundLength);
  if (cut === text) return text;
  const points = Array.from(cut.toWellFormed(), (character) => character.codePointAt(0)!);
  for (let last = points.length - 1; last >= 0; last -= 1) {
    const point = points[last]!;
    // Between these two are the surrogates, which are no characters.
    const next = point === 0xd7_ff ? 0xe0_00 : point + 1;
    if (next <= 0x10_ff_ff) return String.fromCodePoint(...points.slice(0, last), next);
  }
  return undefined;
}

function upperBytes(bytes: Buffer): Buffer | undefined {
  if (bytes.length <= boundLength) return Buffer.from(bytes);
  for (let last = boundLength - 1; last >= 0; last -= 1)
    if (bytes[last]! < 0xff) return Buffer.concat([bytes.subarray(0, last), Buffer.from([bytes[last]! + 1])]);
  return undefined;
}
