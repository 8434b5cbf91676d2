import { unsupported } from '../errors.ts';
import { bindTransform } from './transforms.ts';
import type { BoundTransform } from './transforms.ts';
import type { IcebergType, PrimitiveType, StructType } from './types.ts';

/** A table's default partition spec. */
export interface PartitionSpec {
  readonly id: number;
  readonly fields: readonly PartitionField[];
}

export interface PartitionField {
  readonly id: number;
  readonly sourceId: number;
  readonly name: string;
  /** As the specification's JSON has it: `bucket[16]`. */
  readonly transform: string;
}

/** Which partition a row is in. */
export interface Partition {
  /** Rows with the same key are in the same file. */
  readonly key: string;
  /** In the spec's order; a null has none. */
  readonly values: readonly unknown[];
}

export interface BoundPartitionField extends BoundTransform {
  readonly id: number;
  readonly name: string;
}

/** Reads the partition of rows, which are their values in the schema's order. */
export class Partitioner {
  readonly fields: readonly BoundPartitionField[];
  readonly #readers: readonly ((row: readonly unknown[]) => unknown)[];

  /** Throws IcebergError for a transform that is not written, or a source that the schema has not. */
  constructor(schema: StructType, spec: PartitionSpec) {
    const readers: ((row: readonly unknown[]) => unknown)[] = [];
    this.fields = spec.fields.map(({ id, name, sourceId, transform }) => {
      const source = findColumn(schema, sourceId);
      if (source === undefined) {
        // A dropped column: what format 1 leaves of its partition field is void.
        if (transform !== 'void') throw unsupported(`partition field ${name} has a source that is no column`);
        readers.push(() => null);
        return { id, name, ...bindTransform('void', { kind: 'int' }) };
      }
      const bound = bindTransform(transform, source.type);
      readers.push((row) => {
        const value = valueAt(row, source.path);
        return value === null ? null : bound.apply(value);
      });
      return { id, name, ...bound };
    });
    this.#readers = readers;
  }

  partitionOf(row: readonly unknown[]): Partition {
    if (this.#readers.length === 0) return { key: '', values: [] };
    const values = this.#readers.map((read) => read(row));
    return { key: JSON.stringify(values.map(keyOf)), values };
  }

  /** `day=2026-03-01/shop_bucket=3`; empty for a table without partitions. */
  pathOf(values: readonly unknown[]): string {
    return this.fields
      .map(({ name, print }, index) => {
        const value = values[index];
        // S3 has no trouble with a long key below 1,024 bytes.
        const text = value === null ? 'null' : print(value).slice(0, 100);
        return `${encodeURIComponent(name)}=${encodeURIComponent(text.toWellFormed())}`;
      })
      .join('/');
  }
}

/** A value's path in rows, and its type; only through structs, as partitions and bounds want it. */
export interface Column {
  readonly id: number;
  readonly path: readonly number[];
  readonly type: PrimitiveType;
}

/** The columns of values, those of structs among them, in the schema's order. */
export function valueColumns({ fields }: StructType, above: readonly number[] = []): Column[] {
  return fields.flatMap(({ id, type }, index) => {
    const path = [...above, index];
    if (type.kind === 'struct') return valueColumns(type, path);
    return isPrimitive(type) ? [{ id, path, type }] : [];
  });
}

export function isPrimitive(type: IcebergType): type is PrimitiveType {
  return type.kind !== 'list' && type.kind !== 'map' && type.kind !== 'struct';
}

function findColumn(schema: StructType, id: number): Column | undefined {
  return valueColumns(schema).find((column) => column.id === id);
}

/** A row's value, or null where a struct on the way is. */
export function valueAt(row: readonly unknown[], path: readonly number[]): unknown {
  let value: unknown = row;
  for (const index of path) {
    if (value === null) return null;
    value = (value as readonly unknown[])[index];
  }
  return value ?? null;
}

function keyOf(value: unknown): unknown {
  if (value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return Object.is(value, -0) ? '-0' : `${value as number | bigint | string | boolean}`;
}
