import { ByteBuilder } from '../byte-builder.ts';
import { parseDecimal, parseShortDecimal } from '../decimal.ts';
import { IntegerStream, narrowLimit } from '../encodings/integer-stream.ts';
import { misfit } from '../errors.ts';
import { hashBytes } from '../hashing.ts';
import { Numbers } from '../numbers.ts';
import { DecimalStatistics, decimalText } from '../statistics.ts';
import { Column, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';

const scratch = new ByteBuilder(8192);

/**
 * decimal: the unscaled integers as varints, and the scale beside each, which is the column's for all. Of texts, numbers and
 * bigints; digits beyond the scale are rounded, more digits before the point than the precision leaves are a misfit.
 */
export class DecimalColumn extends Column<DecimalStatistics> {
  readonly #data = this.newStream();
  readonly #scales = new IntegerStream(this.newStream(), true, this.isV1);
  readonly #scale: number;
  readonly #limit: bigint;
  readonly #narrowLimit: number;
  readonly #pending = new Numbers();
  /** Those of the pending that a number is not exact enough for, by their place. */
  readonly #wide = new Map<number, bigint>();

  constructor(context: ColumnContext) {
    const { type } = context;
    if (type.kind !== 'decimal') throw new TypeError('a decimal column is of decimals');
    super(context, () => new DecimalStatistics(type.scale));
    this.#scale = type.scale;
    this.#limit = 10n ** BigInt(type.precision);
    this.#narrowLimit = Math.min(Number(this.#limit) - 1, narrowLimit);
  }

  override append(values: readonly unknown[], count: number): void {
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        const short = parseShortDecimal(value, this.#scale);
        if (Math.abs(short) <= this.#narrowLimit) this.#pending.push(short);
        else this.#appendWide(value);
        this.presence.addValue();
      }
    }
  }

  override encode(): void {
    const { values, count } = this.#pending;
    if (this.#wide.size === 0) this.statistics.add(values, count);
    else {
      const all = Array.from({ length: count }, (_, index) => this.#wide.get(index) ?? BigInt(values[index]!));
      this.statistics.addWide(all, count);
    }
    for (let index = 0; index < count; index += 1) {
      const value = this.#wide.get(index) ?? values[index]!;
      scratch.signedVarint(value);
      if (this.bloom !== undefined) this.#addToBloom(value);
    }
    this.#data.write(scratch.view());
    scratch.clear();
    values.fill(this.#scale, 0, count);
    this.#scales.write(values, count);
    this.#pending.clear();
    this.#wide.clear();
  }

  override get pendingBytes(): number {
    return this.#pending.count * 16;
  }

  protected override dropLast(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#pending.count -= 1;
      this.#wide.delete(this.#pending.count);
    }
  }

  protected override get ownBytes(): number {
    return this.#data.heldBytes + this.#scales.stream.heldBytes;
  }

  protected override position(into: number[]): void {
    this.#data.position(into);
    this.#scales.position(into);
  }

  protected override takeStreams(): StripeStream[] {
    return [this.taken(streamKind.data, this.#data), this.taken(streamKind.secondary, this.#scales.stream)];
  }

  #appendWide(value: unknown): void {
    const unscaled = parseDecimal(value, this.#scale);
    if (unscaled === undefined || unscaled >= this.#limit || unscaled <= -this.#limit) {
      const { type } = this;
      const expected = type.kind === 'decimal' ? `a decimal(${type.precision},${type.scale})` : '';
      throw misfit(this.path, expected, value);
    }
    const number = Number(unscaled);
    if (Math.abs(number) <= narrowLimit) return this.#pending.push(number);
    this.#wide.set(this.#pending.count, unscaled);
    this.#pending.push(0);
  }

  #addToBloom(value: number | bigint): void {
    const bytes = Buffer.from(decimalText(value, this.#scale));
    hashBytes(bytes, 0, bytes.length, this.hash);
    this.bloom!.add(this.hash);
  }
}
