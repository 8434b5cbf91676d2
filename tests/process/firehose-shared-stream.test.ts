/**
 * What users of Kinesis servers miss in Firehose, in one: a stream is read, by two delivery streams that do not disturb each
 * other; buffering is kept; keys of jq partition Parquet that another program reads; names are S3's layout.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, kinesisCaller, untilActive, untilDelivering } from './caller.ts';
import { createConverting, createTable, FileReader, filesBelow, order, rowOf } from './converted-orders.ts';

const count = 4000;
const roleArn = 'arn:aws:iam::000000000000:role/firehose';
const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

const byJq = {
  Prefix: 'data/rest=!{partitionKeyFromQuery:rest}/',
  DynamicPartitioningConfiguration: { Enabled: true },
  ProcessingConfiguration: {
    Enabled: true,
    Processors: [
      {
        Type: 'MetadataExtraction',
        Parameters: [
          { ParameterName: 'MetadataExtractionQuery', ParameterValue: '{rest: (.ID % 4)}' },
          { ParameterName: 'JsonParsingEngine', ParameterValue: 'JQ-1.6' },
        ],
      },
    ],
  },
};

test(
  'two delivery streams on one stream: Parquet by keys of jq, and GZIP as it came',
  { timeout: 120_000 },
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'millrace-shared-stream-'));
    const server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0']);
    const reader = await FileReader.start();
    try {
      const kinesis = kinesisCaller(server.endpoint);
      const firehose = firehoseCaller(server.endpoint);
      await createTable(server.endpoint);
      await kinesis('CreateStream', { StreamName: 'orders', ShardCount: 2 });
      await untilActive(kinesis, 'orders');
      await createConverting(server.endpoint, 'partitioned', {
        serializer: { ParquetSerDe: {} },
        intervalSeconds: 2,
        streamArn,
        more: byJq,
      });
      await firehose('CreateDeliveryStream', {
        DeliveryStreamName: 'plain',
        DeliveryStreamType: 'KinesisStreamAsSource',
        KinesisStreamSourceConfiguration: { KinesisStreamARN: streamArn, RoleARN: roleArn },
        ExtendedS3DestinationConfiguration: {
          RoleARN: roleArn,
          BucketARN: 'arn:aws:s3:::plain',
          BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 2 },
          CompressionFormat: 'GZIP',
          ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'AppendDelimiterToRecord' }] },
        },
      });
      await untilDelivering(firehose, 'plain');
      for (let from = 0; from < count; from += 500)
        await kinesis('PutRecords', {
          StreamName: 'orders',
          Records: Array.from({ length: 500 }, (_, index) => ({
            Data: Buffer.from(order(from + index)).toString('base64'),
            PartitionKey: `${index % 40}`,
          })),
        });
      await assertPartitioned(reader, join(data, 'buckets/partitioned'));
      await assertPlain(join(data, 'buckets/plain'));
    } finally {
      await reader.stop();
      assert.equal(await server.stop(), 0, server.log());
      await rm(data, { recursive: true, force: true });
    }
  },
);

async function assertPartitioned(reader: FileReader, bucket: string): Promise<void> {
  let rows: unknown[][] = [];
  await untilTrue(async () => (rows = await reader.rows(bucket)).length >= count, 'the rows');
  assert.deepEqual(
    rows.toSorted(([one], [other]) => Number(one) - Number(other)),
    Array.from({ length: count }, (_, id) => rowOf(id)),
  );
  const files = await filesBelow(join(bucket, 'data'), /\.parquet$/);
  // Buffering is kept: a few buffers of four partitions, not a file a record.
  assert.ok(files.length < 4 * 10, String(files.length));
  for (const rest of [0, 1, 2, 3])
    for (const [id] of await reader.rows(join(bucket, `data/rest=${rest}`))) assert.equal(Number(id) % 4, rest);
  const name =
    /\/data\/rest=\d\/\d{4}(\/\d\d){3}\/partitioned-1-\d{4}(-\d\d){5}-[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.parquet$/;
  for (const file of files) assert.match(file, name);
}

async function assertPlain(bucket: string): Promise<void> {
  let lines: string[] = [];
  await untilTrue(async () => {
    const files = await filesBelow(bucket, /\/\d{4}(\/\d\d){3}\/plain-1-.*\.gz$|^\d{4}(\/\d\d){3}\/plain-1-.*\.gz$/);
    const texts = await Promise.all(files.map(async (file) => gunzipSync(await readFile(file)).toString()));
    lines = texts.flatMap((text) => text.trimEnd().split('\n'));
    return lines.length >= count;
  }, 'the lines');
  assert.deepEqual(new Set(lines), new Set(Array.from({ length: count }, (_, id) => order(id))));
  assert.equal(lines.length, count);
}
