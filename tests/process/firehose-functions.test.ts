/**
 * A real server on the way of a record: a stream, a function that was brought by CreateFunction, keys by jq, and objects in folders
 * of their partitions, through a kill -9 in between. Every record is where it belongs: in its partition, in the backup as it came,
 * or at the error prefix, and nowhere else.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { zipOf } from '../../packages/functions/test/support.ts';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, kinesisCaller, untilActive } from './caller.ts';

const role = 'arn:aws:iam::000000000000:role/r';
const countries = ['at', 'ch', 'de'];

const code = `
  exports.handler = async ({ deliveryStreamArn, sourceKinesisStreamArn, records }) => ({
    records: records.map(({ recordId, data, kinesisRecordMetadata: { shardId, partitionKey } }) => {
      const record = JSON.parse(Buffer.from(data, 'base64'));
      if (record.n % 10 === 0) return { recordId, result: 'Dropped' };
      if (record.n % 10 === 1) return { recordId, result: 'ProcessingFailed', data };
      const made = { ...record, shardId, from: [deliveryStreamArn, sourceKinesisStreamArn] };
      const metadata = { partitionKeys: { shard: shardId + '-' + partitionKey } };
      return { recordId, result: 'Ok', data: Buffer.from(JSON.stringify(made)).toString('base64'), metadata };
    }),
  });`;

interface Made {
  readonly n: number;
  readonly country: string;
  readonly shardId: string;
  readonly from: readonly string[];
}

const destination = {
  RoleARN: role,
  BucketARN: 'arn:aws:s3:::logs',
  BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 1 },
  CompressionFormat: 'GZIP',
  Prefix: 'c=!{partitionKeyFromQuery:country}/s=!{partitionKeyFromLambda:shard}/',
  ErrorOutputPrefix: 'bad/!{firehose:error-output-type}/',
  DynamicPartitioningConfiguration: { Enabled: true },
  S3BackupMode: 'Enabled',
  S3BackupConfiguration: { RoleARN: role, BucketARN: 'arn:aws:s3:::kept' },
  ProcessingConfiguration: {
    Enabled: true,
    Processors: [
      {
        Type: 'Lambda',
        Parameters: [
          { ParameterName: 'LambdaArn', ParameterValue: 'arn:aws:lambda:us-east-1:000000000000:function:enrich' },
          { ParameterName: 'BufferSizeInMBs', ParameterValue: '0.2' },
        ],
      },
      {
        Type: 'MetadataExtraction',
        Parameters: [
          { ParameterName: 'MetadataExtractionQuery', ParameterValue: '{country: .country | ascii_upcase}' },
          { ParameterName: 'JsonParsingEngine', ParameterValue: 'JQ-1.6' },
        ],
      },
      { Type: 'AppendDelimiterToRecord' },
    ],
  },
};

test(
  'stream, function, jq, folders: through kill -9 every record is where it belongs',
  { timeout: 120_000 },
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'millrace-transformed-'));
    const args = ['--data', data, '--transition-ms', '0', '--limits', 'none'];
    const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/in';
    const sent: number[] = [];
    let server = await startServer(args);
    const put = async (count: number): Promise<void> => {
      const records = Array.from({ length: count }, () => {
        const n = sent.push(sent.length) - 1;
        const record = JSON.stringify({ n, country: countries[n % 3], text: 'x'.repeat(500) });
        return { Data: Buffer.from(record).toString('base64'), PartitionKey: String(n % 2) };
      });
      await kinesisCaller(server.endpoint)('PutRecords', { StreamName: 'in', Records: records });
    };
    try {
      await kinesisCaller(server.endpoint)('CreateStream', { StreamName: 'in', ShardCount: 2 });
      await untilActive(kinesisCaller(server.endpoint), 'in');
      await createFunction(server.endpoint);
      const call = firehoseCaller(server.endpoint);
      await call('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        DeliveryStreamType: 'KinesisStreamAsSource',
        KinesisStreamSourceConfiguration: { KinesisStreamARN: arn, RoleARN: role },
        ExtendedS3DestinationConfiguration: destination,
      });
      await untilTrue(async () => {
        const { DeliveryStreamDescription: description } = await call('DescribeDeliveryStream', {
          DeliveryStreamName: 'd',
        });
        return (description as { DeliveryStreamStatus: string }).DeliveryStreamStatus === 'ACTIVE';
      });
      for (let batch = 0; batch < 6; batch += 1) await put(400);
      await untilTrue(async () => (await texts(join(data, 'buckets/kept'))).length > 0, 'the first object');
      await server.stop('SIGKILL');
      server = await startServer(args);
      for (let batch = 0; batch < 2; batch += 1) await put(400);
      const failed = sent.filter((n) => n % 10 === 1);
      await untilTrue(
        async () => (await made(data)).size === (sent.length / 10) * 8 && (await failures(data)).size === failed.length,
        'every record in its place',
        60_000,
      );
      for (const [place, { country, shardId, from, n }] of await made(data)) {
        assert.ok(n % 10 > 1, `${n} was not to be delivered`);
        assert.match(place, new RegExp(`^${n} c=${country.toUpperCase()}/s=${shardId}-${n % 2}$`));
        assert.deepEqual(from, ['arn:aws:firehose:us-east-1:000000000000:deliverystream/d', arn]);
      }
      assert.deepEqual(
        [...(await failures(data))].toSorted((a, b) => a - b),
        failed,
      );
      const kept = (await texts(join(data, 'buckets/kept'))).map(({ text }) => text).join('');
      for (const n of sent) assert.ok(kept.includes(`{"n":${n},`), `${n} in the backup`);
    } finally {
      assert.equal(await server.stop(), 0, server.log());
      await rm(data, { recursive: true, force: true });
    }
  },
);

async function createFunction(endpoint: string): Promise<void> {
  const answer = await fetch(`${endpoint}/2015-03-31/functions`, {
    method: 'POST',
    body: JSON.stringify({
      FunctionName: 'enrich',
      Role: role,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 60,
      Code: { ZipFile: zipOf({ 'index.js': code }).toString('base64') },
    }),
  });
  assert.equal(answer.status, 201, await answer.text());
}

/** Delivered records by their number and the folders of their partition: one that lies in two partitions is there twice. */
async function made(data: string): Promise<Map<string, Made>> {
  const all = new Map<string, Made>();
  for (const { path, text } of await texts(join(data, 'buckets/logs')))
    if (path.endsWith('.gz'))
      for (const line of text.trimEnd().split('\n')) {
        const record = JSON.parse(line) as Made;
        all.set(`${record.n} ${path.split('/').slice(0, 2).join('/')}`, record);
      }
  return all;
}

async function failures(data: string): Promise<Set<number>> {
  const lines = (await texts(join(data, 'buckets/logs')))
    .filter(({ path }) => path.startsWith('bad/processing-failed/'))
    .flatMap(({ text }) => text.trimEnd().split('\n'));
  return new Set(
    lines.map((line) => {
      const { rawData, errorCode } = JSON.parse(line) as { rawData: string; errorCode: string };
      assert.equal(errorCode, 'Lambda.ProcessingFailedStatus');
      return (JSON.parse(String(Buffer.from(rawData, 'base64'))) as Made).n;
    }),
  );
}

async function texts(bucket: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(bucket, { recursive: true, withFileTypes: true }).catch(() => []);
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const body = await readFile(join(parentPath, name));
        const path = join(parentPath, name).slice(bucket.length + 1);
        return { path, text: String(name.endsWith('.gz') ? gunzipSync(body) : body) };
      }),
  );
}
