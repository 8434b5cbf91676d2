import { readInstant } from '../calendar.ts';
import { IntegerStream } from '../encodings/integer-stream.ts';
import { misfit } from '../errors.ts';
import { hashLong } from '../hashing.ts';
import { Numbers } from '../numbers.ts';
import { TimestampStatistics } from '../statistics.ts';
import { Column, streamKind } from './column.ts';
import type { ColumnContext, StripeStream } from './column.ts';

/** ORC counts seconds from 2015-01-01 00:00:00 in the writer's time zone, which the stripe's footer says is UTC. */
const firstSecond = 1_420_070_400;
const twoTo32 = 2 ** 32;
const nanosPerMilli = 1_000_000;

/** timestamp: see `readInstant` for what it takes. */
export class TimestampColumn extends Column<TimestampStatistics> {
  readonly #data = new IntegerStream(this.newStream(), true, this.isV1);
  readonly #secondary = new IntegerStream(this.newStream(), false, this.isV1);
  readonly #seconds = new Numbers();
  readonly #nanos = new Numbers();
  readonly #instant = { seconds: 0, nanos: 0 };

  constructor(context: ColumnContext) {
    super(context, () => new TimestampStatistics());
  }

  override append(values: readonly unknown[], count: number): void {
    const instant = this.#instant;
    for (let index = 0; index < count; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) this.presence.addNull();
      else {
        if (!readInstant(value, instant)) throw misfit(this.path, 'a timestamp of the years 1 to 9999', value);
        // Readers take a second from what is before 1970 and has milliseconds: this one second is then out of their reach.
        if (instant.seconds === -1 && instant.nanos >= nanosPerMilli)
          throw misfit(
            this.path,
            'a timestamp that ORC has: the second before 1970 has none but its first millisecond',
            value,
          );
        this.#seconds.push(instant.seconds);
        this.#nanos.push(instant.nanos);
        this.presence.addValue();
      }
    }
  }

  override encode(): void {
    const { values: seconds, count } = this.#seconds;
    const nanos = this.#nanos.values;
    for (let index = 0; index < count; index += 1) {
      const [second, nano] = [seconds[index]!, nanos[index]!];
      const millis = second * 1000 + Math.floor(nano / nanosPerMilli);
      this.statistics.add(millis, nano % nanosPerMilli);
      if (this.bloom !== undefined) this.#addToBloom(millis);
      // Seconds are cut toward zero, as ORC's first writers did and its readers therefore expect.
      seconds[index] = second - firstSecond + (second < 0 && nano >= nanosPerMilli ? 1 : 0);
      nanos[index] = packNanos(nano);
    }
    this.#data.write(seconds, count);
    this.#secondary.write(nanos, count);
    this.#seconds.clear();
    this.#nanos.clear();
  }

  override get pendingBytes(): number {
    return this.#seconds.count * 16;
  }

  protected override dropLast(count: number): void {
    this.#seconds.count -= count;
    this.#nanos.count -= count;
  }

  protected override get ownBytes(): number {
    return this.#data.stream.heldBytes + this.#secondary.stream.heldBytes;
  }

  protected override position(into: number[]): void {
    this.#data.position(into);
    this.#secondary.position(into);
  }

  protected override takeStreams(): StripeStream[] {
    return [this.taken(streamKind.data, this.#data.stream), this.taken(streamKind.secondary, this.#secondary.stream)];
  }

  #addToBloom(millis: number): void {
    this.hash.low = millis | 0;
    this.hash.high = Math.floor(millis / twoTo32) | 0;
    hashLong(this.hash);
    this.bloom!.add(this.hash);
  }
}

/** Two or more trailing zeros are taken off; the last three bits then say how many, less one. */
export function packNanos(nanos: number): number {
  if (nanos === 0) return 0;
  if (nanos % 100 !== 0) return nanos * 8;
  let [rest, zeros] = [nanos / 100, 1];
  for (; rest % 10 === 0 && zeros < 7; zeros += 1) rest /= 10;
  return rest * 8 + zeros;
}
