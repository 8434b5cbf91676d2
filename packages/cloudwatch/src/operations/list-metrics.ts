import { AwsError } from '@millrace/model';
import { keyOf } from '../metric-store.ts';
import type { Handler } from '../service.ts';

const pageLength = 500;
const recentMs = 3 * 3_600_000;

/** Metrics of the last 15 days that fit the filters, 500 at a time. */
export const listMetrics: Handler<'ListMetrics'> = ({ clock, store }, input, { account, region }) => {
  const now = clock.now();
  const after = input.NextToken === undefined ? '' : keyOfToken(input.NextToken);
  const found = store
    .list(account, region, now)
    .filter(
      ({ namespace, name, dimensions, series }) =>
        (input.Namespace === undefined || namespace === input.Namespace) &&
        (input.MetricName === undefined || name === input.MetricName) &&
        (input.RecentlyActive === undefined || series.newestMs > now - recentMs) &&
        (input.Dimensions ?? []).every(({ Name, Value }) =>
          dimensions.some((own) => own.Name === Name && (Value === undefined || own.Value === Value)),
        ),
    )
    .filter((metric) => keyOf(metric) > after);
  const page = found.slice(0, pageLength);
  return {
    Metrics: page.map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: [...dimensions],
    })),
    ...(found.length > page.length && { NextToken: Buffer.from(keyOf(page.at(-1)!)).toString('base64') }),
  };
};

function keyOfToken(token: string): string {
  const key = Buffer.from(token, 'base64').toString();
  if (key.startsWith('[')) return key;
  throw new AwsError('InvalidNextToken', 'The next token specified is invalid.');
}
