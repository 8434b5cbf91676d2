/**
 * A real server killed with -9 while it takes records and delivers them, again and again on one directory: every record that was
 * acknowledged is in an object afterwards, and every object is whole.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller } from './caller.ts';
import type { Call } from './caller.ts';

const rounds = Number(process.env['MILLRACE_KILL_ROUNDS'] ?? 5);
const name = 'killed';

test(
  `Firehose killed with -9 while it delivers, ${rounds} times: nothing acknowledged is missing`,
  { timeout: 600_000 },
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
    const acknowledged = new Set<string>();
    const args = ['--data', data, '--limits', 'none', '--transition-ms', '0', '--hot-mib', '4'];
    try {
      for (let round = 0; round < rounds; round += 1) {
        const server = await startServer(args);
        const call = firehoseCaller(server.endpoint);
        if (round === 0) await create(call);
        const writing = [0, 1, 2].map((writer) => write(call, acknowledged, `${round}-${writer}`));
        const until = acknowledged.size + 4000 + Math.floor(Math.random() * 3000);
        await untilTrue(() => acknowledged.size >= until, 'records');
        const exit = server.stop('SIGKILL');
        await Promise.all(writing);
        assert.equal(await exit, null);
      }
      const server = await startServer(args);
      try {
        await untilTrue(async () => {
          const delivered = await records(join(data, 'buckets/logs'));
          return [...acknowledged].every((record) => delivered.has(record));
        }, 'every acknowledged record in an object');
      } finally {
        assert.equal(await server.stop(), 0);
      }
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  },
);

async function create(call: Call): Promise<void> {
  await call('CreateDeliveryStream', {
    DeliveryStreamName: name,
    ExtendedS3DestinationConfiguration: {
      RoleARN: 'arn:aws:iam::000000000000:role/firehose',
      BucketARN: 'arn:aws:s3:::logs',
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
      CompressionFormat: 'GZIP',
    },
  });
  await untilTrue(async () => {
    const { DeliveryStreamDescription: description } = await call('DescribeDeliveryStream', {
      DeliveryStreamName: name,
    });
    return (description as { DeliveryStreamStatus: string }).DeliveryStreamStatus === 'ACTIVE';
  });
}

/** Puts until the server is gone; what was under way then may be delivered or not. */
async function write(call: Call, acknowledged: Set<string>, writer: string): Promise<void> {
  for (let batch = 0; ; batch += 1) {
    const texts = Array.from({ length: 100 }, (_, index) => `${writer}-${batch}-${index}`);
    try {
      await call('PutRecordBatch', {
        DeliveryStreamName: name,
        Records: texts.map((text) => ({ Data: Buffer.from(`${text}\n`).toString('base64') })),
      });
    } catch {
      return;
    }
    for (const text of texts) acknowledged.add(text);
  }
}

async function records(bucket: string): Promise<Set<string>> {
  const names = await readdir(bucket, { recursive: true }).catch((): string[] => []);
  const bodies = await Promise.all(
    names.filter((each) => each.endsWith('.gz')).map(async (each) => gunzipSync(await readFile(join(bucket, each)))),
  );
  return new Set(bodies.flatMap((body) => String(body).split('\n')));
}
