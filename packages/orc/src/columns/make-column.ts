import type { OrcSettings } from '../options.ts';
import type { Chunking } from '../output-stream.ts';
import type { OrcType } from '../types.ts';
import { BinaryColumn } from './binaries.ts';
import { BooleanColumn } from './booleans.ts';
import type { Column, ColumnContext } from './column.ts';
import { DateColumn } from './dates.ts';
import { DecimalColumn } from './decimals.ts';
import { FloatColumn } from './floats.ts';
import { ByteColumn, IntegerColumn } from './integers.ts';
import { ListColumn, MapColumn, StructColumn } from './nested.ts';
import { TextColumn } from './texts.ts';
import { TimestampColumn } from './timestamps.ts';

export interface FileContext {
  readonly settings: OrcSettings;
  readonly chunking: Chunking;
  /** Numbers of the columns that have bloom filters. */
  readonly bloomColumns: ReadonlySet<number>;
}

/** Makes the columns of a type, numbered in the order of the schema. */
export class ColumnMaker {
  readonly #file: FileContext;
  #nextId = 0;

  constructor(file: FileContext) {
    this.#file = file;
  }

  make(type: OrcType, path: string): Column {
    const id = this.#nextId++;
    const { settings, chunking, bloomColumns } = this.#file;
    const isLeaf = subtypes(type).length === 0;
    const hasBloomFilter = isLeaf && type.kind !== 'boolean' && bloomColumns.has(id);
    const context: ColumnContext = { id, type, path, settings, chunking, hasBloomFilter };
    // The children are made, and so numbered, after their parent.
    const children = subtypes(type).map(({ name, type: child }) => this.make(child, joinPath(path, name)));
    return columnOf(context, children);
  }
}

/** The row's path is empty: a column's is its name. */
function joinPath(path: string, name: string): string {
  if (path === '') return name;
  return name === '[]' ? `${path}[]` : `${path}.${name}`;
}

/** The types within a type, by the names that paths have for them. */
export function subtypes(type: OrcType): readonly { readonly name: string; readonly type: OrcType }[] {
  if (type.kind === 'struct') return type.fields;
  if (type.kind === 'array') return [{ name: '[]', type: type.element }];
  if (type.kind !== 'map') return [];
  return [
    { name: 'key', type: type.key },
    { name: 'value', type: type.value },
  ];
}

function columnOf(context: ColumnContext, children: readonly Column[]): Column {
  switch (context.type.kind) {
    case 'boolean':
      return new BooleanColumn(context);
    case 'tinyint':
      return new ByteColumn(context);
    case 'smallint':
    case 'int':
    case 'bigint':
      return new IntegerColumn(context);
    case 'float':
    case 'double':
      return new FloatColumn(context);
    case 'string':
    case 'char':
    case 'varchar':
      return new TextColumn(context);
    case 'binary':
      return new BinaryColumn(context);
    case 'date':
      return new DateColumn(context);
    case 'timestamp':
      return new TimestampColumn(context);
    case 'decimal':
      return new DecimalColumn(context);
    case 'struct':
      return new StructColumn(context, children);
    case 'array':
      return new ListColumn(context, children);
    case 'map':
      return new MapColumn(context, children);
  }
}
