import { misfit } from '../errors.ts';
import { Bits } from '../presence.ts';
import { BooleanStatistics } from '../statistics.ts';
import { Column, encodingKind, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';

/** boolean: a bit a value. */
export class BooleanColumn extends Column<BooleanStatistics> {
  readonly #data = this.newStream();
  readonly #bits = new Bits();
  #pending: number[] = [];
  #starts: number[] = [];

  constructor(context: ColumnContext) {
    super(context, () => new BooleanStatistics());
  }

  override append(values: readonly unknown[], count: number): void {
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        if (typeof value !== 'boolean') throw misfit(this.path, 'a boolean', value);
        this.presence.addValue();
        this.#pending.push(value ? 1 : 0);
      }
    }
  }

  override encode(): void {
    this.statistics.add(this.#pending);
    for (const bit of this.#pending) this.#bits.push(bit);
    this.#pending = [];
  }

  override get pendingBytes(): number {
    return this.#pending.length * 8;
  }

  protected override dropLast(count: number): void {
    this.#pending.length -= count;
  }

  protected override get encoding(): { readonly kind: number } {
    return { kind: encodingKind.direct };
  }

  protected override get ownBytes(): number {
    return this.#bits.heldBytes;
  }

  /** Found when the stripe is done. */
  protected override position(): void {
    this.#starts.push(this.#bits.count);
  }

  protected override finishStreams(): number[][] {
    const positions = this.#bits.encode(this.#data, this.#starts);
    this.#starts = [];
    return positions;
  }

  protected override takeStreams(): StripeStream[] {
    return [this.taken(streamKind.data, this.#data)];
  }
}
