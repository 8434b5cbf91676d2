import type { MetricDataQuery, MetricDataResult } from '@millrace/model/cloudwatch';
import { invalidValue } from '../errors.ts';
import { figureOf } from '../series.ts';
import type { Statistic } from '../series.ts';
import type { Caller, CloudWatch, Handler } from '../service.ts';
import { checkPeriod } from './get-metric-statistics.ts';

const statistics = ['SampleCount', 'Sum', 'Average', 'Minimum', 'Maximum'];

/** One statistic of several metrics. Expressions (metric math) are not there. */
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
  { Id, MetricStat: stat, Label }: MetricDataQuery,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  { account, region }: Caller,
): MetricDataResult {
  if (stat === undefined) throw invalidValue(`Millrace has no metric math: the query ${Id} must have a MetricStat.`);
  if (!statistics.includes(stat.Stat))
    throw invalidValue(`Millrace keeps ${statistics.join(', ')} of metrics: it has no statistic ${stat.Stat}.`);
  const { Namespace: namespace = '', MetricName: name = '', Dimensions: dimensions = [] } = stat.Metric;
  const series = store.find({ account, region, namespace, name, dimensions });
  const periodMs = checkPeriod(stat.Period) * 1000;
  const points = series?.read(fromMs, toMs, { periodMs, nowMs: clock.now() }) ?? [];
  return {
    Id,
    Label: Label ?? name,
    Timestamps: points.map(({ timeMs }) => timeMs),
    Values: points.map((point) => figureOf(point, stat.Stat as Statistic)),
    StatusCode: 'Complete',
  };
}
