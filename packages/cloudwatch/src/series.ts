import { Periods } from './periods.ts';
import { copyOf, merge } from './statistics.ts';
import type { Statistics } from './statistics.ts';

export interface Datapoint extends Statistics {
  /** When its period began. */
  readonly timeMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Resolution falls with age, as CloudWatch's does: minutes for 3 hours, five minutes for a day, hours for 15 days. */
const tiers = [
  { periodMs: minuteMs, keptMs: 3 * hourMs },
  { periodMs: 5 * minuteMs, keptMs: dayMs },
  { periodMs: hourMs, keptMs: 15 * dayMs },
] as const;

export const keptMs = 15 * dayMs;

/** The values of one metric with one set of dimensions, by period: 828 periods at most, and two hours ahead of the clock. */
export class Series {
  readonly #tiers = tiers.map(() => new Periods());
  unit = 'None';
  newestMs = 0;
  /** The number of the last change that is in it (see metric-log.ts). */
  change = 0;

  /** Periods, and their counted values, in all tiers. */
  get cells(): number {
    return this.#tiers.reduce((sum, { cells }) => sum + cells, 0);
  }

  add(timeMs: number, statistics: Statistics, nowMs: number): void {
    this.newestMs = Math.max(this.newestMs, timeMs);
    for (const [nth, { periodMs, keptMs: keeps }] of tiers.entries()) {
      const start = Math.floor(timeMs / periodMs) * periodMs;
      if (start > nowMs - keeps) this.#tiers[nth]!.add(start, statistics);
      this.#tiers[nth]!.dropUntil(nowMs - keeps);
    }
  }

  /** Periods of `periodMs` from `fromMs` to before `toMs` that have values, in order; by the finest tier that reaches back so far. */
  read(fromMs: number, toMs: number, { periodMs, nowMs }: { periodMs: number; nowMs: number }): Datapoint[] {
    const found = tiers.findIndex(({ keptMs: keeps }) => fromMs > nowMs - keeps);
    const periods = this.#tiers[found === -1 ? tiers.length - 1 : found]!;
    const first = Math.floor(fromMs / periodMs) * periodMs;
    const points: Datapoint[] = [];
    for (const [start, statistics] of periods.between(first, toMs)) {
      const timeMs = Math.floor(start / periodMs) * periodMs;
      const last = points.at(-1);
      if (last?.timeMs === timeMs) merge(last, statistics);
      else points.push({ timeMs, ...copyOf(statistics) });
    }
    return points;
  }

  /** Each tier's periods from the last `keptMs`, for a snapshot. */
  tiers(nowMs: number): (readonly [startMs: number, statistics: Statistics])[][] {
    return this.#tiers.map((periods, nth) => [...periods.between(nowMs - tiers[nth]!.keptMs + 1, Infinity)]);
  }

  /** Takes what `tiers` gave. */
  restore(kept: readonly (readonly (readonly [startMs: number, statistics: Statistics])[])[]): void {
    for (const [nth, periods] of kept.entries())
      for (const [start, statistics] of periods) this.#tiers[nth]!.add(start, statistics);
  }
}
