/** Snappy as Firehose writes it, read by snappy-java's and by Hadoop's own readers. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../../tools/server-process.ts';
import { firehoseCaller } from '../process/caller.ts';
import { filesBelow } from '../process/converted-orders.ts';
import { snappyClassPath, untilTrue } from './environments.ts';

const run = promisify(execFile);

for (const [format, reader] of Object.entries({ Snappy: 'snappy-java', HADOOP_SNAPPY: 'hadoop' }))
  test(`${format} by ${reader}`, { timeout: 600_000 }, async () => {
    const classPath = await snappyClassPath();
    const data = await mkdtemp(join(tmpdir(), 'millrace-snappy-'));
    const server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0']);
    try {
      const call = firehoseCaller(server.endpoint);
      await call('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        S3DestinationConfiguration: {
          RoleARN: 'arn:aws:iam::000000000000:role/firehose',
          BucketARN: 'arn:aws:s3:::logs',
          BufferingHints: { SizeInMBs: 2, IntervalInSeconds: 900 },
          CompressionFormat: format,
        },
      });
      await untilTrue(async () => {
        const { DeliveryStreamDescription: stream } = await call('DescribeDeliveryStream', { DeliveryStreamName: 'd' });
        return (stream as { DeliveryStreamStatus: string }).DeliveryStreamStatus === 'ACTIVE';
      });
      const lines = Array.from({ length: 30_000 }, (_, number) => `line ${number} ${'abc '.repeat(number % 40)}\n`);
      for (let from = 0; from < lines.length; from += 500) {
        const records = lines.slice(from, from + 500).map((line) => ({ Data: Buffer.from(line).toString('base64') }));
        await call('PutRecordBatch', { DeliveryStreamName: 'd', Records: records });
      }
      let path: string | undefined;
      await untilTrue(async () => {
        [path] = await filesBelow(join(data, 'buckets/logs'), /\.snappy$/);
        return path !== undefined;
      });
      const { stdout } = await run('java', ['-cp', classPath, 'SnappyReaders', reader, path!], { maxBuffer: 1 << 26 });
      assert.ok(stdout.length > 1 << 20);
      assert.ok(lines.join('').startsWith(stdout));
      assert.ok((await readFile(path!)).length < stdout.length / 2);
    } finally {
      assert.equal(await server.stop(), 0);
      await rm(data, { recursive: true, force: true });
    }
  });
