/** A server that is killed with -9 again and again while it takes records and delivers them to a bucket. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller, untilDelivering } from './caller.ts';
import type { Call } from './caller.ts';

const name = 'killed';

export interface KillStory {
  readonly rounds: number;
  /** Of `millrace serve`, beside the data directory. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The lines in the bucket `logs`, given the server's data directory; all objects have to be whole. */
  readonly delivered: (data: string) => Promise<ReadonlySet<string>>;
  /** Resolves in the midst of a delivery: then the server is killed. At once where it is left out. */
  readonly untilDelivery?: () => Promise<void>;
}

/** Resolves with what was acknowledged when all of it is delivered. */
export async function tellKillStory(story: KillStory): Promise<ReadonlySet<string>> {
  const { rounds, args = [], env = {}, delivered, untilDelivery } = story;
  const data = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
  const acknowledged = new Set<string>();
  const start = (): ReturnType<typeof startServer> =>
    startServer(['--data', data, '--limits', 'none', '--transition-ms', '0', '--hot-mib', '4', ...args], { env });
  try {
    for (let round = 0; round < rounds; round += 1) {
      const server = await start();
      const call = firehoseCaller(server.endpoint);
      if (round === 0) await create(call);
      const writing = [0, 1, 2].map((writer) => write(call, acknowledged, `${round}-${writer}`));
      const until = acknowledged.size + 4000 + Math.floor(Math.random() * 3000);
      await untilTrue(() => acknowledged.size >= until, 'records');
      await untilDelivery?.();
      const exit = server.stop('SIGKILL');
      await Promise.all(writing);
      assert.equal(await exit, null);
    }
    const server = await start();
    try {
      await untilTrue(async () => {
        const present = await delivered(data);
        return [...acknowledged].every((record) => present.has(record));
      }, 'every acknowledged record in an object');
    } finally {
      assert.equal(await server.stop(), 0);
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
  return acknowledged;
}

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
  await untilDelivering(call, name);
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
