/** S3 as a destination: boto3 puts, the server delivers to an S3 of another maker with signatures that are looked at. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../../tools/server-process.ts';
import { pythonEnvironment, untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from '../process/caller.ts';
import { startMoto } from './servers/s3.ts';
import type { RunningS3 } from './servers/s3.ts';
import { startVersitygw } from './servers/versitygw.ts';

const run = promisify(execFile);
const timeout = 180_000;

async function tellStory(s3: RunningS3): Promise<void> {
  await s3.createBucket('logs');
  const server = await startServer(['--transition-ms', '50', '--s3', s3.endpoint], { env: s3.env });
  try {
    const script = join(import.meta.dirname, 'python/s3_story.py');
    const python = join(await pythonEnvironment(), 'python');
    const { stdout } = await run(python, ['-W', 'ignore', script, server.endpoint]);
    const description = JSON.parse(stdout) as { Destinations: { ExtendedS3DestinationDescription: object }[] };
    assert.ok(description.Destinations[0]!.ExtendedS3DestinationDescription);
    const ids = Array.from({ length: 9000 }, (_, id) => id);
    let objects = new Map<string, Buffer>();
    const delivered = (): number[] =>
      [...objects.values()]
        .flatMap((body) => body.toString().trimEnd().split('\n'))
        .map((line) => (JSON.parse(line) as { id: number }).id);
    await untilTrue(async () => {
      objects = await s3.objects('logs', 'in/');
      return delivered().length >= ids.length;
    }, 'every record in the bucket');
    assert.deepEqual(
      delivered().toSorted((a, b) => a - b),
      ids,
    );
    const name = /^in\/year=20\d\d\/[\w-]{11}\/readings-1-20\d\d(-\d\d){5}-[\da-f-]{36}\.json\.gz$/;
    for (const key of objects.keys()) assert.match(key, name);
    await untilTrue(async () => (await s3.keys('logs', 'bad/')).length > 0, 'the record that is no GZIP');
    const [[key, text]] = [...(await s3.objects('logs', 'bad/'))] as [[string, Buffer]];
    assert.match(key, /^bad\/decompression-failed\/20\d\d\/readings-1-/);
    const { rawData, errorCode } = JSON.parse(text.toString()) as { rawData: string; errorCode: string };
    assert.equal(Buffer.from(rawData, 'base64').toString(), 'no GZIP');
    assert.equal(errorCode, 'Decompression failed.');
  } finally {
    assert.equal(await server.stop(), 0, server.log());
  }
}

test('S3 (versitygw): GZIP under custom prefixes, and what fails under the error prefix', { timeout }, async () => {
  const s3 = await startVersitygw();
  try {
    await tellStory(s3);
  } finally {
    await s3.stop();
  }
});

test('S3 (moto): the same', { timeout }, async () => {
  const s3 = await startMoto();
  try {
    await tellStory(s3);
  } finally {
    await s3.stop();
  }
});

test('S3 (versitygw): what a wrong secret and an S3 that is gone kept back arrives later', { timeout }, async () => {
  const [directory, data] = await Promise.all(
    ['s3', 'data'].map((each) => mkdtemp(join(tmpdir(), `millrace-outage-${each}-`))),
  );
  let s3 = await startVersitygw({ directory: directory! });
  const { port, region, accessKeyId, secretAccessKey } = s3;
  const args = ['--data', data!, '--transition-ms', '0', '--s3', s3.endpoint];
  const put = (call: ReturnType<typeof firehoseCaller>, text: string): Promise<unknown> =>
    call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: Buffer.from(`${text}\n`).toString('base64') } });
  const lines = async (): Promise<string[]> =>
    [...(await s3.objects('logs')).values()].flatMap((body) => body.toString().trimEnd().split('\n')).toSorted();
  try {
    await s3.createBucket('logs');
    const wrong = await startServer(args, { env: { ...s3.env, AWS_SECRET_ACCESS_KEY: 'guessed' } });
    try {
      const call = firehoseCaller(wrong.endpoint);
      await call('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        ExtendedS3DestinationConfiguration: {
          RoleARN: 'arn:aws:iam::000000000000:role/firehose',
          BucketARN: 'arn:aws:s3:::logs',
          BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        },
      });
      await untilDelivering(call, 'd');
      await put(call, 'refused at first');
      await untilTrue(
        () => /signature we calculated does not match/.test(wrong.log()),
        'the refusal in the log',
        60_000,
      );
    } finally {
      assert.equal(await wrong.stop(), 0, wrong.log());
    }
    assert.deepEqual(await lines(), []);
    const server = await startServer(args, { env: s3.env });
    try {
      await untilTrue(async () => (await lines()).includes('refused at first'), 'what was refused', 60_000);
      await s3.stop();
      await put(firehoseCaller(server.endpoint), 'while it was gone');
      s3 = await startVersitygw({ directory: directory!, port, region, keys: { accessKeyId, secretAccessKey } });
      await untilTrue(async () => (await lines()).includes('while it was gone'), 'what was put meanwhile', 60_000);
      assert.deepEqual(new Set(await lines()), new Set(['refused at first', 'while it was gone']));
    } finally {
      assert.equal(await server.stop(), 0, server.log());
    }
  } finally {
    await s3.stop();
    await Promise.all([directory!, data!].map((each) => rm(each, { recursive: true, force: true })));
  }
});
