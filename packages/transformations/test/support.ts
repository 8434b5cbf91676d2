import type { Convert, Environment } from '../src/transformation.ts';
import { transformation } from '../src/transformation.ts';

export interface Outcome {
  readonly result: string;
  readonly data: Buffer;
}

/** Runs a transformation through its handler, with the event as Firehose sends it. */
export async function run(
  create: (environment: Environment) => Convert,
  environment: Record<string, string>,
  records: readonly (string | Uint8Array)[],
): Promise<Outcome[]> {
  const handler = transformation(() => create(environment));
  const event = {
    invocationId: 'invocation-1',
    deliveryStreamArn: 'arn:aws:firehose:us-east-1:000000000000:deliverystream/d',
    region: 'us-east-1',
    records: records.map((data, index) => ({
      recordId: `r-${index}`,
      approximateArrivalTimestamp: 1_700_000_000_000,
      data: Buffer.from(data as string).toString('base64'),
    })),
  };
  const answer = await handler(event);
  if (answer.records.some(({ recordId }, index) => recordId !== `r-${index}`)) throw new Error('ids are not kept');
  return answer.records.map(({ result, data }) => ({ result, data: Buffer.from(data, 'base64') }));
}

/** The JSON objects of a record's lines. */
export function jsonOf({ result, data }: Outcome): unknown[] {
  if (result !== 'Ok') throw new Error(`${result}: ${data.toString()}`);
  return data
    .toString()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
