import { copyOf, merge } from './statistics.ts';
import type { CountedValues, Spread, Statistics } from './statistics.ts';

const [start, count, sum, min, max] = [0, 1, 2, 3, 4];
const width = 5;

/** Statistics by period, in the order of time, packed: 40 bytes a period, and what its counted values take. */
export class Periods {
  #rows = new Float64Array(width * 4);
  #length = 0;
  /** By start; periods that are not here have even values. */
  readonly #spreads = new Map<number, 'unknown' | CountedValues>();
  /** What the spreads count for in `cells`: as they were when they were set, since merging changes them where they stand. */
  readonly #noted = new Map<number, number>();
  /** Periods, and their counted values. */
  cells = 0;

  get length(): number {
    return this.#length;
  }

  add(startMs: number, statistics: Statistics): void {
    const at = this.#find(startMs);
    if (at < this.#length && this.#rows[at * width + start] === startMs) {
      const present = this.#at(at);
      merge(present, statistics);
      this.#put(at, startMs, present);
    } else {
      this.#insert(at);
      this.#put(at, startMs, copyOf(statistics));
    }
  }

  /** Forgets what began at `lastMs` or before. */
  dropUntil(lastMs: number): void {
    const kept = this.#find(lastMs + 1);
    if (kept === 0) return;
    for (let at = 0; at < kept; at += 1) this.#setSpread(this.#rows[at * width + start]!, 'even');
    this.#rows.copyWithin(0, kept * width, this.#length * width);
    this.#length -= kept;
    this.cells -= kept;
  }

  /** Those that begin from `fromMs` to before `toMs`; the caller does not change them. */
  *between(fromMs: number, toMs: number): Generator<readonly [startMs: number, statistics: Statistics]> {
    for (let at = this.#find(fromMs); at < this.#length && this.#rows[at * width + start]! < toMs; at += 1)
      yield [this.#rows[at * width + start]!, this.#at(at)];
  }

  /** Where a period stands, or would. */
  #find(startMs: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rows[middle * width + start]! < startMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #at(at: number): Statistics {
    const row = this.#rows.subarray(at * width, (at + 1) * width);
    const spread = this.#spreads.get(row[start]!) ?? 'even';
    return { count: row[count]!, sum: row[sum]!, min: row[min]!, max: row[max]!, spread };
  }

  #insert(at: number): void {
    if ((this.#length + 1) * width > this.#rows.length) {
      const grown = new Float64Array(width * Math.ceil(this.#length * 1.5));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows.copyWithin((at + 1) * width, at * width, this.#length * width);
    this.#length += 1;
    this.cells += 1;
  }

  #put(at: number, startMs: number, statistics: Statistics): void {
    this.#rows.set([startMs, statistics.count, statistics.sum, statistics.min, statistics.max], at * width);
    this.#setSpread(startMs, statistics.spread);
  }

  #setSpread(startMs: number, spread: Spread): void {
    this.cells -= this.#noted.get(startMs) ?? 0;
    if (spread === 'even') {
      this.#spreads.delete(startMs);
      this.#noted.delete(startMs);
      return;
    }
    this.#spreads.set(startMs, spread);
    const size = spread === 'unknown' ? 1 : 1 + spread.counts.size;
    this.#noted.set(startMs, size);
    this.cells += size;
  }
}
