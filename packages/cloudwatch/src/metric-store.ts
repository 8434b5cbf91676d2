import type { Dimension } from '@millrace/model/cloudwatch';
import { keptMs, Series } from './series.ts';
import type { Statistics } from './statistics.ts';

/** What a metric is known by. */
export interface MetricName {
  readonly account: string;
  readonly region: string;
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly Dimension[];
}

/** Values of a metric, at a time. */
export interface Measurement {
  readonly metric: MetricName;
  readonly timeMs: number;
  readonly unit: string;
  readonly statistics: Statistics;
}

interface Kept extends MetricName {
  readonly series: Series;
}

/** So much at most: who has more loses the metrics that were not written longest. A cell is a period or a counted value of it. */
export interface Bounds {
  readonly series: number;
  readonly cells: number;
}

/** All metrics, in memory. */
export class MetricStore {
  /** In the order of their last writes. */
  readonly #kept = new Map<string, Kept>();
  readonly #bounds: Bounds;
  #cells = 0;

  constructor(bounds: Bounds = { series: 5000, cells: 600_000 }) {
    this.#bounds = bounds;
  }

  /** Takes a measurement; `change` is its number, and what a series has already (after a restart) is not added again. */
  add({ metric, timeMs, unit, statistics }: Measurement, nowMs: number, change: number): void {
    const series = this.#touch(metric);
    if (series.change >= change) return;
    series.change = change;
    series.unit = unit;
    this.#cells -= series.cells;
    series.add(timeMs, statistics, nowMs);
    this.#cells += series.cells;
    this.#evict();
  }

  /** Takes a series out of a snapshot. */
  restore(metric: MetricName, fill: (series: Series) => void): void {
    const series = this.#touch(metric);
    fill(series);
    this.#cells += series.cells;
    this.#evict();
  }

  find(metric: MetricName): Series | undefined {
    return this.#kept.get(keyOf(metric))?.series;
  }

  /** The metrics of an account in a region that were written in the last 15 days, by name. */
  list(account: string, region: string, nowMs: number): Kept[] {
    return [...this.#kept.values()]
      .filter((kept) => kept.account === account && kept.region === region && kept.series.newestMs > nowMs - keptMs)
      .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  }

  /** All, in the order of their last writes: as they are when the caller comes to them, without those that came after the first. */
  *all(): Generator<Kept> {
    for (const key of [...this.#kept.keys()]) {
      const kept = this.#kept.get(key);
      if (kept !== undefined) yield kept;
    }
  }

  get size(): number {
    return this.#kept.size;
  }

  get cells(): number {
    return this.#cells;
  }

  #touch(metric: MetricName): Series {
    const key = keyOf(metric);
    const kept = this.#kept.get(key) ?? { ...metric, series: new Series() };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.series;
  }

  #evict(): void {
    const { series, cells } = this.#bounds;
    while (this.#kept.size > 1 && (this.#kept.size > series || this.#cells > cells)) {
      const [key, oldest] = this.#kept.entries().next().value!;
      this.#kept.delete(key);
      this.#cells -= oldest.series.cells;
    }
  }
}

export function keyOf({ account, region, namespace, name, dimensions }: MetricName): string {
  const pairs = dimensions
    .map((dimension) => [dimension.Name, dimension.Value])
    .sort(([one], [other]) => (one! < other! ? -1 : 1));
  return JSON.stringify([account, region, namespace, name, pairs]);
}
