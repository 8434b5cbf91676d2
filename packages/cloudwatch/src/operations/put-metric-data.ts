import { AwsError } from '@millrace/model';
import type { MetricDatum } from '@millrace/model/cloudwatch';
import { invalidCombination, invalidValue } from '../errors.ts';
import type { Handler } from '../service.ts';
import { statisticsOf } from '../statistics.ts';
import type { Statistics } from '../statistics.ts';

const mostData = 1000;
const mostDimensions = 30;
const oldestMs = 14 * 24 * 3_600_000;
const aheadMs = 2 * 3_600_000;

/** All of the data, or none when one of them is wrong. */
export const putMetricData: Handler<'PutMetricData'> = async (service, input, { account, region }) => {
  const { Namespace: namespace, MetricData: data = [], EntityMetricData: entities = [] } = input;
  const all = [...data, ...entities.flatMap(({ MetricData: inner = [] }) => inner)];
  if (all.length === 0)
    throw new AwsError('MissingRequiredParameterException', 'The parameter MetricData is required.');
  if (all.length > mostData)
    throw invalidValue(`The collection MetricData must not have a size greater than ${mostData}.`);
  const now = service.clock.now();
  const read = all.map((datum, at) => readDatum(datum, `MetricData.member.${at + 1}`, now));
  const measurements = read.map((measured, at) => {
    const { MetricName: name, Dimensions: dimensions = [] } = all[at]!;
    return { metric: { account, region, namespace, name, dimensions }, ...measured };
  });
  await service.put(measurements.filter(({ statistics }) => statistics.count > 0));
  return {};
};

function readDatum(
  datum: MetricDatum,
  path: string,
  nowMs: number,
): { timeMs: number; unit: string; statistics: Statistics } {
  const { Timestamp: timeMs = nowMs, Unit: unit = 'None', Dimensions: dimensions = [] } = datum;
  if (timeMs < nowMs - oldestMs || timeMs > nowMs + aheadMs)
    throw invalidValue(
      `The parameter ${path}.Timestamp must specify a time within the last two weeks and no more than two hours in the future.`,
    );
  if (dimensions.length > mostDimensions)
    throw invalidValue(`The collection ${path}.Dimensions must not have a size greater than ${mostDimensions}.`);
  return { timeMs, unit, statistics: readStatistics(datum, path) };
}

function readStatistics(datum: MetricDatum, path: string): Statistics {
  const { Value: value, StatisticValues: given, Values: values, Counts: counts } = datum;
  if ([value, given, values].filter((one) => one !== undefined).length > 1)
    throw invalidCombination(
      `The parameters ${path}.Value, ${path}.StatisticValues and ${path}.Values are mutually exclusive and you have specified more than one.`,
    );
  if (value !== undefined) {
    checkNumber(value, `${path}.Value`);
    return statisticsOf([[value, 1]]);
  }
  if (given !== undefined) {
    const { SampleCount: count, Sum: sum, Minimum: min, Maximum: max } = given;
    for (const [name, number] of Object.entries(given))
      checkNumber(number as number, `${path}.StatisticValues.${name}`);
    if (count < 0)
      throw invalidValue(`The value ${count} for parameter ${path}.StatisticValues.SampleCount is invalid.`);
    // AWS has percentiles of a statistic set when it cannot but be so many times the same value.
    const isEven = min === max && min >= 0 && Math.abs(sum - min * count) <= 1e-9 * Math.abs(sum);
    return { count, sum, min, max, spread: isEven ? 'even' : 'unknown' };
  }
  if (values === undefined || values.length === 0)
    throw new AwsError(
      'MissingRequiredParameterException',
      `At least one of the parameters ${path}.Value, ${path}.StatisticValues or ${path}.Values must be specified.`,
    );
  if (counts !== undefined && counts.length !== values.length)
    throw invalidValue(`The parameters ${path}.Values and ${path}.Counts must be of the same size.`);
  const counted = values.map((one, at) => {
    const count = counts?.[at] ?? 1;
    checkNumber(one, `${path}.Values.member.${at + 1}`);
    checkNumber(count, `${path}.Counts.member.${at + 1}`);
    if (count < 0) throw invalidValue(`The value ${count} for parameter ${path}.Counts.member.${at + 1} is invalid.`);
    return [one, count] as const;
  });
  return statisticsOf(counted.filter(([, count]) => count > 0));
}

function checkNumber(value: number, path: string): void {
  if (Number.isFinite(value) && Math.abs(value) <= 2 ** 360) return;
  throw invalidValue(`The value ${value} for parameter ${path} is invalid.`);
}
