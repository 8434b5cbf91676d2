import type { Datapoint } from '@millrace/model/cloudwatch';
import { invalidCombination, invalidValue } from '../errors.ts';
import { figureOf } from '../series.ts';
import type { Handler } from '../service.ts';

const mostPoints = 1440;

/** The named statistics of a metric, period by period. Percentiles would need every value: they are not kept. */
export const getMetricStatistics: Handler<'GetMetricStatistics'> = ({ clock, store }, input, caller) => {
  const { StartTime: fromMs, EndTime: toMs, Statistics: statistics = [], MetricName: name } = input;
  if (input.ExtendedStatistics !== undefined)
    throw invalidValue('Millrace keeps counts, sums and extremes of metrics: it has no ExtendedStatistics.');
  if (statistics.length === 0)
    throw invalidCombination('At least one of the parameters Statistics and ExtendedStatistics must be specified.');
  if (fromMs >= toMs) throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
  const periodMs = checkPeriod(input.Period) * 1000;
  if ((toMs - fromMs) / periodMs > mostPoints)
    throw invalidCombination(
      `You have requested up to ${Math.ceil((toMs - fromMs) / periodMs)} datapoints, which exceeds the limit of ${mostPoints}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  const metric = { ...caller, namespace: input.Namespace, name, dimensions: input.Dimensions ?? [] };
  const series = store.find(metric);
  const points = series?.read(fromMs, toMs, { periodMs, nowMs: clock.now() }) ?? [];
  return {
    Label: name,
    Datapoints: points.map((point): Datapoint => {
      const figures = Object.fromEntries(statistics.map((statistic) => [statistic, figureOf(point, statistic)]));
      return { Timestamp: point.timeMs, Unit: series!.unit as never, ...figures };
    }),
  };
};

/** In seconds: the values of less than a minute are not told apart here. */
export function checkPeriod(period: number): number {
  if (period < 60 || period % 60 !== 0) throw invalidValue('The parameter Period must be a multiple of 60.');
  return period;
}
