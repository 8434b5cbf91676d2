import { IntegerStream } from '../encodings/integer-stream.ts';
import { misfit } from '../errors.ts';
import { hashBytes } from '../hashing.ts';
import { Numbers } from '../numbers.ts';
import { BinaryStatistics } from '../statistics.ts';
import { Column, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';

/** binary: bytes, or texts as their UTF-8. */
export class BinaryColumn extends Column<BinaryStatistics> {
  readonly #data = this.newStream();
  readonly #lengths = new IntegerStream(this.newStream(), false, this.isV1);
  readonly #counted = new Numbers();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(context: ColumnContext) {
    super(context, () => new BinaryStatistics());
  }

  override append(values: readonly unknown[], count: number): void {
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        const bytes = typeof value === 'string' ? Buffer.from(value) : value;
        if (!(bytes instanceof Uint8Array)) throw misfit(this.path, 'bytes or text', value);
        this.presence.addValue();
        this.#pending.push(bytes);
        this.#pendingBytes += bytes.length;
      }
    }
  }

  override encode(): void {
    for (const bytes of this.#pending) {
      this.#counted.push(bytes.length);
      this.#data.write(bytes);
      if (this.bloom === undefined) continue;
      hashBytes(bytes, 0, bytes.length, this.hash);
      this.bloom.add(this.hash);
    }
    this.statistics.add(this.#pendingBytes);
    this.#lengths.write(this.#counted.values, this.#counted.count);
    this.#counted.clear();
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  override get pendingBytes(): number {
    return this.#pendingBytes + this.#pending.length * 8;
  }

  protected override dropLast(count: number): void {
    for (let left = count; left > 0; left -= 1) this.#pendingBytes -= this.#pending.pop()!.length;
  }

  protected override get ownBytes(): number {
    return this.#data.heldBytes + this.#lengths.stream.heldBytes;
  }

  protected override position(into: number[]): void {
    this.#data.position(into);
    this.#lengths.position(into);
  }

  protected override takeStreams(): StripeStream[] {
    return [this.taken(streamKind.data, this.#data), this.taken(streamKind.length, this.#lengths.stream)];
  }
}
