import { misfit } from '../errors.ts';
import { hashLong } from '../hashing.ts';
import { DoubleStatistics } from '../statistics.ts';
import { Column, encodingKind, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';

const firstCapacity = 1024;
const bits = new DataView(new ArrayBuffer(8));
const textOfNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$|^(?:NaN|[+-]?Infinity)$/;

/** float and double, little endian as all machines that Node runs on. Of numbers, bigints and texts of numbers. */
export class FloatColumn extends Column<DoubleStatistics> {
  readonly #data = this.newStream();
  #pending: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  #count = 0;

  constructor(context: ColumnContext) {
    super(context, () => new DoubleStatistics());
    this.#pending = this.#array(firstCapacity);
  }

  override append(values: readonly unknown[], count: number): void {
    if (this.#count + count > this.#pending.length) {
      const larger = this.#array((this.#count + count) * 2);
      larger.set(this.#pending);
      this.#pending = larger;
    }
    const pending = this.#pending;
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        pending[this.#count] = typeof value === 'number' ? value : this.#number(value);
        this.#count += 1;
        this.presence.addValue();
      }
    }
  }

  override encode(): void {
    const pending = this.#pending;
    this.statistics.add(pending, this.#count);
    if (this.bloom !== undefined) this.#addToBloom();
    this.#data.write(new Uint8Array(pending.buffer, 0, this.#count * pending.BYTES_PER_ELEMENT));
    this.#count = 0;
    if (pending.length > firstCapacity * 64) this.#pending = this.#array(firstCapacity);
  }

  override get pendingBytes(): number {
    return this.#count * 8;
  }

  protected override dropLast(count: number): void {
    this.#count -= count;
  }

  protected override get encoding(): { readonly kind: number } {
    return { kind: encodingKind.direct };
  }

  protected override get ownBytes(): number {
    return this.#data.heldBytes;
  }

  protected override position(into: number[]): void {
    this.#data.position(into);
  }

  protected override takeStreams(): StripeStream[] {
    return [this.taken(streamKind.data, this.#data)];
  }

  #array(length: number): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
    return this.type.kind === 'float' ? new Float32Array(length) : new Float64Array(length);
  }

  #number(value: unknown): number {
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'string' && textOfNumber.test(value)) return Number(value);
    throw misfit(this.path, `a ${this.type.kind}`, value);
  }

  /** A float is hashed as the double of its value. */
  #addToBloom(): void {
    for (let index = 0; index < this.#count; index += 1) {
      bits.setFloat64(0, this.#pending[index]!);
      this.hash.high = bits.getInt32(0);
      this.hash.low = bits.getInt32(4);
      hashLong(this.hash);
      this.bloom!.add(this.hash);
    }
  }
}
