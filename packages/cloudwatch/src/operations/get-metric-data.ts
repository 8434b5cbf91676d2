import { AwsError } from '@millrace/model';
import type { MetricDataQuery, MetricDataResult } from '@millrace/model/cloudwatch';
import { invalidValue } from '../errors.ts';
import type { Caller, CloudWatch, Handler } from '../service.ts';
import { figureOf, percentile, percentileOf } from '../statistics.ts';
import type { Statistic, Statistics } from '../statistics.ts';
import { checkPeriod } from './get-metric-statistics.ts';

const statistics = ['SampleCount', 'Sum', 'Average', 'Minimum', 'Maximum'];

/** One statistic or percentile of several metrics. Expressions (metric math, SEARCH) are not there. */
export const getMetricData: Handler<'GetMetricData'> = (service, input, caller) => {
  const { StartTime: fromMs, EndTime: toMs, MetricDataQueries: queries, ScanBy: order } = input;
  if (fromMs >= toMs) throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
  const ids = new Set(queries.map(({ Id: id }) => id));
  if (ids.size < queries.length) throw invalidValue('The Ids of MetricDataQueries must be unique.');
  const results = queries.map((query) => resultOf(service, query, { fromMs, toMs }, caller));
  if (order !== 'TimestampAscending')
    for (const { Timestamps, Values } of results) {
      Timestamps!.reverse();
      Values!.reverse();
    }
  return { MetricDataResults: results.filter((_, at) => queries[at]!.ReturnData !== false), Messages: [] };
};

function resultOf(
  { clock, store }: CloudWatch,
  { Id, MetricStat: stat, Expression, Label }: MetricDataQuery,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  { account, region }: Caller,
): MetricDataResult {
  if (Expression !== undefined)
    throw new AwsError(
      'ValidationError',
      `Error in expression '${Id}' [Millrace has no metric math and no SEARCH: ask for each metric by a MetricStat]`,
    );
  if (stat === undefined)
    throw new AwsError('ValidationError', `The query ${Id} must have a MetricStat or an Expression.`);
  const figure = chosenFigure(stat.Stat);
  const { Namespace: namespace = '', MetricName: name = '', Dimensions: dimensions = [] } = stat.Metric;
  const series = store.find({ account, region, namespace, name, dimensions });
  const periodMs = checkPeriod(stat.Period) * 1000;
  const points = (series?.read(fromMs, toMs, { periodMs, nowMs: clock.now() }) ?? []).flatMap((point) => {
    const value = figure(point);
    return value === undefined ? [] : [{ timeMs: point.timeMs, value }];
  });
  return {
    Id,
    Label: Label ?? name,
    Timestamps: points.map(({ timeMs }) => timeMs),
    Values: points.map(({ value }) => value),
    StatusCode: 'Complete',
  };
}

/** undefined for a period: it has no percentiles. */
function chosenFigure(name: string): (point: Statistics) => number | undefined {
  if (statistics.includes(name)) return (point) => figureOf(point, name as Statistic);
  const percent = percentileOf(name);
  if (percent !== undefined) return (point) => percentile(point, percent);
  throw new AwsError(
    'ValidationError',
    `The value ${name} for parameter Stat is not supported: Millrace has ${statistics.join(', ')} and percentiles.`,
  );
}
