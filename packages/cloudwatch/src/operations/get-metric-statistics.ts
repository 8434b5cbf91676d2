import type { Datapoint, GetMetricStatisticsInput } from '@millrace/model/cloudwatch';
import { invalidCombination, invalidValue } from '../errors.ts';
import type { Handler } from '../service.ts';
import { figureOf, percentile, percentileOf } from '../statistics.ts';
import type { Statistics } from '../statistics.ts';

const mostPoints = 1440;

/** The named statistics of a metric, or percentiles of it, period by period. */
export const getMetricStatistics: Handler<'GetMetricStatistics'> = ({ clock, store }, input, caller) => {
  const { StartTime: fromMs, EndTime: toMs, MetricName: name } = input;
  const figures = chosenFigures(input.Statistics, input.ExtendedStatistics);
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
    Datapoints: points.flatMap((point): Datapoint[] => {
      const chosen = figures(point);
      return chosen === undefined ? [] : [{ Timestamp: point.timeMs, Unit: series!.unit as never, ...chosen }];
    }),
  };
};

/** What a datapoint has beside its time; undefined where a period has no percentiles. */
function chosenFigures(
  statistics: GetMetricStatisticsInput['Statistics'] = [],
  percentiles: GetMetricStatisticsInput['ExtendedStatistics'] = [],
): (point: Statistics) => Partial<Datapoint> | undefined {
  if (statistics.length === 0 && percentiles.length === 0)
    throw invalidCombination('At least one of the parameters Statistics and ExtendedStatistics must be specified.');
  if (statistics.length > 0 && percentiles.length > 0)
    throw invalidCombination(
      'The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both.',
    );
  if (statistics.length > 0)
    return (point) => Object.fromEntries(statistics.map((statistic) => [statistic, figureOf(point, statistic)]));
  const percents = percentiles.map((one, at) => [one, checkPercentile(one, at)] as const);
  return (point) => {
    const found = percents.map(([one, percent]) => [one, percentile(point, percent)] as const);
    if (found.some(([, value]) => value === undefined)) return undefined;
    return { ExtendedStatistics: Object.fromEntries(found) as Record<string, number> };
  };
}

function checkPercentile(name: string, at: number): number {
  const percent = percentileOf(name);
  if (percent !== undefined) return percent;
  throw invalidValue(`The value ${name} for parameter ExtendedStatistics.member.${at + 1} is not supported.`);
}

/** In seconds: the values of less than a minute are not told apart here. */
export function checkPeriod(period: number): number {
  if (period < 60 || period % 60 !== 0) throw invalidValue('The parameter Period must be a multiple of 60.');
  return period;
}
