/** What is kept of the values of a period. */
export interface Statistics {
  count: number;
  sum: number;
  min: number;
  max: number;
}

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

/** The values of one metric with one set of dimensions, by period: 828 periods at most. */
export class Series {
  readonly #periods = tiers.map(() => new Map<number, Statistics>());
  unit = 'None';
  newestMs = 0;

  add(timeMs: number, { count, sum, min, max }: Statistics, nowMs: number): void {
    this.newestMs = Math.max(this.newestMs, timeMs);
    for (const [nth, { periodMs, keptMs: keeps }] of tiers.entries()) {
      const periods = this.#periods[nth]!;
      const start = Math.floor(timeMs / periodMs) * periodMs;
      if (start <= nowMs - keeps) continue;
      const present = periods.get(start);
      if (present === undefined) {
        periods.set(start, { count, sum, min, max });
        this.#drop(periods, nowMs - keeps, keeps / periodMs);
        continue;
      }
      present.count += count;
      present.sum += sum;
      present.min = Math.min(present.min, min);
      present.max = Math.max(present.max, max);
    }
  }

  /** Looks only when there may be too many: values come nearly in the order of time. */
  #drop(periods: Map<number, Statistics>, oldestMs: number, most: number): void {
    // Two hours ahead of the clock are taken too.
    if (periods.size <= most + 1) return;
    for (const start of periods.keys()) if (start <= oldestMs) periods.delete(start);
  }

  /** Periods of `periodMs` from `fromMs` to before `toMs` that have values, in order; by the finest tier that reaches back so far. */
  read(fromMs: number, toMs: number, { periodMs, nowMs }: { periodMs: number; nowMs: number }): Datapoint[] {
    const found = tiers.findIndex(({ keptMs: keeps }) => fromMs > nowMs - keeps);
    const periods = this.#periods[found === -1 ? tiers.length - 1 : found]!;
    const first = Math.floor(fromMs / periodMs) * periodMs;
    const points = new Map<number, Datapoint>();
    for (const [start, { count, sum, min, max }] of periods) {
      if (start < first || start >= toMs) continue;
      const timeMs = Math.floor(start / periodMs) * periodMs;
      const point = points.get(timeMs);
      if (point === undefined) points.set(timeMs, { timeMs, count, sum, min, max });
      else {
        point.count += count;
        point.sum += sum;
        point.min = Math.min(point.min, min);
        point.max = Math.max(point.max, max);
      }
    }
    return [...points.values()].sort((one, other) => one.timeMs - other.timeMs);
  }
}

export type Statistic = 'SampleCount' | 'Sum' | 'Average' | 'Minimum' | 'Maximum';

/** One figure of a period. */
export function figureOf({ count, sum, min, max }: Statistics, statistic: Statistic): number {
  switch (statistic) {
    case 'SampleCount':
      return count;
    case 'Sum':
      return sum;
    case 'Average':
      return sum / count;
    case 'Minimum':
      return min;
    default:
      return max;
  }
}
