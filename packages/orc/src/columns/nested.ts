import { IntegerStream } from '../encodings/integer-stream.ts';
import { misfit } from '../errors.ts';
import { Numbers } from '../numbers.ts';
import { CollectionStatistics, NoStatistics } from '../statistics.ts';
import { Column, encodingKind, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';

/** struct, the row among them: of objects by name, or of arrays by place. Further members are not looked at. */
export class StructColumn extends Column<NoStatistics> {
  override readonly children: readonly Column[];
  readonly #names: readonly string[];
  /** Reading these from an object without them would find what all objects inherit. */
  readonly #inherited: readonly boolean[];
  #structs: unknown[] = [];
  #cells: unknown[] = [];

  constructor(context: ColumnContext, children: readonly Column[]) {
    super(context, () => new NoStatistics());
    this.children = children;
    this.#names = context.type.kind === 'struct' ? context.type.fields.map(({ name }) => name) : [];
    this.#inherited = this.#names.map((name) => name in Object.prototype);
  }

  override append(values: readonly unknown[], count: number): void {
    const structs = this.#structs;
    let found = 0;
    let hasArrays = false;
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        const isArray = Array.isArray(value);
        if (typeof value !== 'object' || (isArray && value.length > this.#names.length))
          throw misfit(this.path, 'a struct', value);
        hasArrays ||= isArray;
        this.presence.addValue();
        structs[found++] = value;
      }
    }
    for (const [place, child] of this.children.entries()) {
      if (hasArrays || this.#inherited[place]) this.#takeSlowly(place, found);
      else this.#take(this.#names[place]!, found);
      child.append(this.#cells, found);
    }
    // Nothing that the caller gave is kept.
    if (found > 0) {
      this.#structs = [];
      this.#cells = [];
    }
  }

  override encode(): void {
    for (const child of this.children) child.encode();
  }

  override get pendingBytes(): number {
    return 0;
  }

  protected override dropLast(): void {}

  protected override get encoding(): { readonly kind: number } {
    return { kind: encodingKind.direct };
  }

  protected override get ownBytes(): number {
    return 0;
  }

  protected override position(): void {}

  protected override takeStreams(): StripeStream[] {
    return [];
  }

  #take(name: string, count: number): void {
    const [structs, cells] = [this.#structs as Record<string, unknown>[], this.#cells];
    for (let index = 0; index < count; index += 1) cells[index] = structs[index]![name];
  }

  #takeSlowly(place: number, count: number): void {
    const name = this.#names[place]!;
    for (let index = 0; index < count; index += 1) {
      const struct = this.#structs[index] as Record<string, unknown>;
      if (Array.isArray(struct)) this.#cells[index] = struct[place];
      else this.#cells[index] = Object.hasOwn(struct, name) ? struct[name] : undefined;
    }
  }
}

/** What arrays and maps have alike: the number of elements of each, and the elements in columns of their own. */
abstract class CollectionColumn extends Column<CollectionStatistics> {
  override readonly children: readonly Column[];
  protected readonly pending = new Numbers();
  readonly #lengths = new IntegerStream(this.newStream(), false, this.isV1);

  constructor(context: ColumnContext, children: readonly Column[]) {
    super(context, () => new CollectionStatistics());
    this.children = children;
  }

  override encode(): void {
    this.statistics.add(this.pending.values, this.pending.count);
    this.#lengths.write(this.pending.values, this.pending.count);
    this.pending.clear();
    for (const child of this.children) child.encode();
  }

  override get pendingBytes(): number {
    return this.pending.count * 8;
  }

  protected override dropLast(count: number): void {
    this.pending.count -= count;
  }

  protected override get ownBytes(): number {
    return this.#lengths.stream.heldBytes;
  }

  protected override position(into: number[]): void {
    this.#lengths.position(into);
  }

  protected override takeStreams(): StripeStream[] {
    return [this.taken(streamKind.length, this.#lengths.stream)];
  }
}

/** array. */
export class ListColumn extends CollectionColumn {
  override append(values: readonly unknown[], count: number): void {
    const elements: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        if (!Array.isArray(value)) throw misfit(this.path, 'an array', value);
        this.presence.addValue();
        this.pending.push(value.length);
        for (const element of value) elements.push(element);
      }
    }
    this.children[0]!.append(elements, elements.length);
  }
}

/** map: of Maps, objects or arrays of pairs. */
export class MapColumn extends CollectionColumn {
  override append(values: readonly unknown[], count: number): void {
    const keys: unknown[] = [];
    const elements: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        const before = keys.length;
        for (const [key, element] of this.#entries(value)) {
          if (key === null || key === undefined) throw misfit(`${this.path}.key`, 'a key', key);
          keys.push(key);
          elements.push(element);
        }
        this.presence.addValue();
        this.pending.push(keys.length - before);
      }
    }
    this.children[0]!.append(keys, keys.length);
    this.children[1]!.append(elements, elements.length);
  }

  #entries(value: unknown): Iterable<readonly unknown[]> {
    if (value instanceof Map) return value as Map<unknown, unknown>;
    if (Array.isArray(value)) {
      if (value.every((pair) => Array.isArray(pair) && pair.length === 2)) return value as unknown[][];
    } else if (typeof value === 'object' && !(value instanceof Date) && !ArrayBuffer.isView(value))
      return Object.entries(value!);
    throw misfit(this.path, 'a map', value);
  }
}
