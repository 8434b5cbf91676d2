import { ByteBuilder } from '../byte-builder.ts';
import { encodeBytes } from '../encodings/byte-rle.ts';
import { IntegerStream, narrowLimit } from '../encodings/integer-stream.ts';
import { misfit } from '../errors.ts';
import { hashLong } from '../hashing.ts';
import { Numbers } from '../numbers.ts';
import { IntegerStatistics } from '../statistics.ts';
import { Column, encodingKind, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';

const bitsOf = { tinyint: 8, smallint: 16, int: 32, bigint: 64 } as const;
const twoTo32 = 2 ** 32;
const scratch = new ByteBuilder(2048);

/** tinyint, smallint, int and bigint, of numbers, bigints and decimal texts. */
abstract class WholeColumn extends Column<IntegerStatistics> {
  protected readonly pending = new Numbers();
  /** In the place of `pending` in a batch with a value that is not exact enough as a number. */
  protected wide: BigInt64Array | undefined;
  readonly #bits: number;
  readonly #most: number;

  constructor(context: ColumnContext) {
    super(context, () => new IntegerStatistics());
    this.#bits = bitsOf[this.type.kind as keyof typeof bitsOf];
    this.#most = Math.min(2 ** (this.#bits - 1) - 1, narrowLimit);
  }

  override append(values: readonly unknown[], count: number): void {
    const { pending, presence } = this;
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (typeof value === 'number' && value <= this.#most && value >= -this.#most && Number.isInteger(value)) {
        if (this.wide === undefined) pending.push(value);
        else this.#pushWide(BigInt(value));
        presence.addValue();
      } else if (value === null || value === undefined) presence.addNull();
      else {
        this.#appendOther(value);
        presence.addValue();
      }
    }
  }

  override get pendingBytes(): number {
    return this.pending.count * 8;
  }

  protected override dropLast(count: number): void {
    this.pending.count -= count;
  }

  protected addToBloom(): void {
    const { pending, wide, bloom, hash } = this;
    for (let index = 0; index < pending.count; index += 1) {
      const value = wide === undefined ? pending.values[index]! : wide[index]!;
      hash.low = typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
      hash.high = typeof value === 'number' ? Math.floor(value / twoTo32) | 0 : Number(value >> 32n);
      hashLong(hash);
      bloom!.add(hash);
    }
  }

  #appendOther(value: unknown): void {
    const integer = toBigInt(value);
    if (integer === undefined || BigInt.asIntN(this.#bits, integer) !== integer)
      throw misfit(this.path, this.type.kind === 'int' ? 'an int' : `a ${this.type.kind}`, value);
    const number = Number(integer);
    if (this.wide === undefined && Math.abs(number) <= narrowLimit) this.pending.push(number);
    else this.#pushWide(integer);
  }

  #pushWide(value: bigint): void {
    const { pending } = this;
    if (this.wide === undefined || pending.count === this.wide.length) {
      const larger = new BigInt64Array(Math.max(1024, pending.count * 2));
      if (this.wide !== undefined) larger.set(this.wide);
      else for (let index = 0; index < pending.count; index += 1) larger[index] = BigInt(pending.values[index]!);
      this.wide = larger;
    }
    this.wide[pending.count] = value;
    pending.push(0);
  }
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^[+-]?\d{1,20}$/.test(value) ? BigInt(value.replace('+', '')) : undefined;
}

/** smallint, int and bigint. */
export class IntegerColumn extends WholeColumn {
  readonly #data = new IntegerStream(this.newStream(), true, this.isV1);

  override encode(): void {
    const { pending, wide } = this;
    if (this.bloom !== undefined) this.addToBloom();
    if (wide === undefined) {
      this.statistics.add(pending.values, pending.count);
      this.#data.write(pending.values, pending.count);
    } else {
      this.statistics.addWide(wide, pending.count);
      this.#data.writeWide(wide, pending.count);
      this.wide = undefined;
    }
    pending.clear();
  }

  protected override get ownBytes(): number {
    return this.#data.stream.heldBytes;
  }

  protected override position(into: number[]): void {
    this.#data.position(into);
  }

  protected override takeStreams(): StripeStream[] {
    return [this.taken(streamKind.data, this.#data.stream)];
  }
}

/** tinyint: bytes in byte run length encoding. */
export class ByteColumn extends WholeColumn {
  readonly #data = this.newStream();

  override encode(): void {
    const { pending } = this;
    if (pending.count === 0) return;
    if (this.bloom !== undefined) this.addToBloom();
    this.statistics.add(pending.values, pending.count);
    encodeBytes(Uint8Array.from(pending.values.subarray(0, pending.count)), scratch);
    this.#data.write(scratch.view());
    scratch.clear();
    pending.clear();
  }

  protected override get encoding(): { readonly kind: number } {
    return { kind: encodingKind.direct };
  }

  protected override get ownBytes(): number {
    return this.#data.heldBytes;
  }

  protected override position(into: number[]): void {
    this.#data.position(into);
    into.push(0);
  }

  protected override takeStreams(): StripeStream[] {
    return [this.taken(streamKind.data, this.#data)];
  }
}
