import type { Dimension } from '@millrace/model/cloudwatch';
import { keptMs, Series } from './series.ts';
import type { Statistics } from './series.ts';

/** What a metric is known by. */
export interface MetricName {
  readonly account: string;
  readonly region: string;
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly Dimension[];
}

interface Kept extends MetricName {
  readonly series: Series;
}

/** So many at most: who has more loses those that were not written longest. */
const mostSeries = 5000;

/** All metrics, in memory. */
export class MetricStore {
  /** In the order of their last writes. */
  readonly #kept = new Map<string, Kept>();

  add(metric: MetricName, value: { timeMs: number; unit: string; statistics: Statistics }, nowMs: number): void {
    const key = keyOf(metric);
    const kept = this.#kept.get(key) ?? { ...metric, series: new Series() };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    kept.series.unit = value.unit;
    kept.series.add(value.timeMs, value.statistics, nowMs);
    if (this.#kept.size > mostSeries) this.#kept.delete(this.#kept.keys().next().value!);
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

  get size(): number {
    return this.#kept.size;
  }
}

export function keyOf({ account, region, namespace, name, dimensions }: MetricName): string {
  const pairs = dimensions
    .map((dimension) => [dimension.Name, dimension.Value])
    .sort(([one], [other]) => (one! < other! ? -1 : 1));
  return JSON.stringify([account, region, namespace, name, pairs]);
}
