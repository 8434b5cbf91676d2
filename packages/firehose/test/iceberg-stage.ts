import assert from 'node:assert/strict';
import type { FunctionInvoker } from '@millrace/firehose';
import { MemoryTables } from './memory-tables.ts';
import { movableFirehose, s3 } from './support.ts';

export type Opened = Awaited<ReturnType<typeof movableFirehose>>;

export const catalogArn = 'arn:aws:glue:us-east-1:000000000000:catalog';
export const icebergCatalogs = new Set(['catalog', 'arn:aws:glue:us-east-1:000000000000:catalog/s3tablescatalog/lake']);
export const orders = { DestinationDatabaseName: 'shop', DestinationTableName: 'orders' };
export const configuration = {
  RoleARN: s3.RoleARN,
  CatalogConfiguration: { CatalogARN: catalogArn },
  DestinationTableConfigurationList: [orders],
  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
  S3Configuration: s3,
};

export async function withTables(
  iceberg: object,
  run: (firehose: Opened, tables: MemoryTables) => Promise<void>,
  functions?: FunctionInvoker,
): Promise<void> {
  const icebergTables = new MemoryTables();
  const firehose = await movableFirehose({ icebergTables, icebergCatalogs, ...(functions && { functions }) });
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      IcebergDestinationConfiguration: { ...configuration, ...iceberg },
    });
    await firehose.untilActive('d');
    await run(firehose, icebergTables);
    assert.deepEqual(icebergTables.wrong, []);
  } finally {
    await firehose.end();
  }
}

export async function put({ call }: Opened, ...texts: string[]): Promise<void> {
  const Records = texts.map((text) => ({ Data: Buffer.from(text).toString('base64') }));
  await call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
}

export function records({ firehose }: Opened): number {
  return firehose.metrics()['records']!;
}

/** The error records below a prefix. */
export function failed({ objects }: Opened, prefix: string): Record<string, unknown>[] {
  const bodies = objects.stored.filter(({ key }) => key.startsWith(prefix)).map(({ body }) => String(body));
  return bodies.flatMap((body) => body.trimEnd().split('\n')).map((line) => JSON.parse(line) as never);
}

/** A ProcessingConfiguration with one processor. */
export function processor(type: string, parameters: Readonly<Record<string, string>>): object {
  const Parameters = Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({
    ParameterName,
    ParameterValue,
  }));
  return { ProcessingConfiguration: { Enabled: true, Processors: [{ Type: type, Parameters }] } };
}
