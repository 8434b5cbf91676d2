import type { Measurement, MetricName } from './metric-store.ts';
import type { Series } from './series.ts';
import type { Spread, Statistics } from './statistics.ts';

/** Account, region, namespace, name, and the dimensions as pairs. */
type NameLine = readonly [string, string, string, string, readonly (readonly [string, string])[]];
/** null: unknown; otherwise the level and the counts by key. JSON has no infinity: null is the key of zeros. */
type SpreadLine = null | readonly [level: number, counts: readonly (readonly [key: number | null, count: number])[]];
/** Time, count, sum, minimum, maximum; the spread where values are not even. */
type StatisticsLine = readonly [number, number, number, number, number, SpreadLine?];

export interface MeasurementLine {
  readonly m: NameLine;
  readonly u: string;
  readonly s: StatisticsLine;
}

export interface SeriesLine {
  readonly m: NameLine;
  readonly u: string;
  /** The number of the last measurement in it. */
  readonly c: number;
  readonly newest: number;
  readonly tiers: readonly (readonly StatisticsLine[])[];
}

export function encodeMeasurement({ metric, timeMs, unit, statistics }: Measurement): MeasurementLine {
  return { m: encodeName(metric), u: unit, s: encodeStatistics(timeMs, statistics) };
}

export function decodeMeasurement({ m, u, s }: MeasurementLine): Measurement {
  const [timeMs, statistics] = decodeStatistics(s);
  return { metric: decodeName(m), unit: u, timeMs, statistics };
}

export function encodeSeries(metric: MetricName, series: Series, nowMs: number): SeriesLine {
  const tiers = series.tiers(nowMs).map((periods) => periods.map((period) => encodeStatistics(...period)));
  return { m: encodeName(metric), u: series.unit, c: series.change, newest: series.newestMs, tiers };
}

export function decodeSeries(line: SeriesLine): { metric: MetricName; fill: (series: Series) => void } {
  return {
    metric: decodeName(line.m),
    fill(series) {
      series.unit = line.u;
      series.change = line.c;
      series.newestMs = line.newest;
      series.restore(line.tiers.map((periods) => periods.map(decodeStatistics)));
    },
  };
}

function encodeName({ account, region, namespace, name, dimensions }: MetricName): NameLine {
  return [account, region, namespace, name, dimensions.map(({ Name, Value }) => [Name, Value] as const)];
}

function decodeName([account, region, namespace, name, pairs]: NameLine): MetricName {
  return { account, region, namespace, name, dimensions: pairs.map(([Name, Value]) => ({ Name, Value })) };
}

function encodeStatistics(timeMs: number, { count, sum, min, max, spread }: Statistics): StatisticsLine {
  if (spread === 'even') return [timeMs, count, sum, min, max];
  if (spread === 'unknown') return [timeMs, count, sum, min, max, null];
  const counts = [...spread.counts].map(([key, number]) => [key === -Infinity ? null : key, number] as const);
  return [timeMs, count, sum, min, max, [spread.level, counts]];
}

function decodeStatistics([timeMs, count, sum, min, max, line]: StatisticsLine): readonly [number, Statistics] {
  const spread: Spread =
    line === undefined
      ? 'even'
      : line === null
        ? 'unknown'
        : { level: line[0], counts: new Map(line[1].map(([key, number]) => [key ?? -Infinity, number])) };
  return [timeMs, { count, sum, min, max, spread }];
}
