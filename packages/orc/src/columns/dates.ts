import { daysOfDate } from '../calendar.ts';
import { IntegerStream } from '../encodings/integer-stream.ts';
import { misfit } from '../errors.ts';
import { hashLong } from '../hashing.ts';
import { Numbers } from '../numbers.ts';
import { DateStatistics } from '../statistics.ts';
import { Column, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';

/** date: days since 1970, of `YYYY-MM-DD`, a Date's day in UTC, or the number of days. */
export class DateColumn extends Column<DateStatistics> {
  readonly #data = new IntegerStream(this.newStream(), true, this.isV1);
  readonly #pending = new Numbers();

  constructor(context: ColumnContext) {
    super(context, () => new DateStatistics());
  }

  override append(values: readonly unknown[], count: number): void {
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        const days = daysOfDate(value);
        if (days === undefined) throw misfit(this.path, 'a date from 0001-01-01 to 9999-12-31', value);
        this.#pending.push(days);
        this.presence.addValue();
      }
    }
  }

  override encode(): void {
    const { values, count } = this.#pending;
    this.statistics.add(values, count);
    for (let index = 0; this.bloom !== undefined && index < count; index += 1) {
      this.hash.low = values[index]!;
      this.hash.high = values[index]! < 0 ? -1 : 0;
      hashLong(this.hash);
      this.bloom.add(this.hash);
    }
    this.#data.write(values, count);
    this.#pending.clear();
  }

  override get pendingBytes(): number {
    return this.#pending.count * 8;
  }

  protected override dropLast(count: number): void {
    this.#pending.count -= count;
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
