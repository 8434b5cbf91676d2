/** S3 as a destination: the server is killed with -9 in the midst of deliveries, twenty times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { untilTrue } from '../clients/environments.ts';
import { tellKillStory } from '../process/firehose-killing.ts';
import { startVersitygw } from './servers/versitygw.ts';

const rounds = 20;

test(
  `S3 (versitygw): killed with -9 ${rounds} times while it delivers, nothing is lost`,
  { timeout: 900_000 },
  async () => {
    const s3 = await startVersitygw();
    try {
      await s3.createBucket('logs');
      // Objects never change: each is read once, however often they are asked for.
      const lines = new Set<string>();
      const read = new Set<string>();
      const delivered = async (): Promise<ReadonlySet<string>> => {
        const fresh = (await s3.keys('logs')).filter((key) => !read.has(key));
        for (let start = 0; start < fresh.length; start += 16)
          await Promise.all(
            fresh.slice(start, start + 16).map(async (key) => {
              for (const line of gunzipSync(await s3.get('logs', key))
                .toString()
                .split('\n'))
                lines.add(line);
              read.add(key);
            }),
          );
        return lines;
      };
      let objects = 0;
      const acknowledged = await tellKillStory({
        rounds,
        args: ['--s3', s3.endpoint],
        env: s3.env,
        delivered,
        async untilDelivery() {
          // There are more than in the last round: deliveries are under way, not only records.
          const before = objects;
          await untilTrue(async () => (objects = (await s3.keys('logs')).length) > before, 'an object');
        },
      });
      assert.ok(acknowledged.size >= rounds * 4000);
    } finally {
      await s3.stop();
    }
  },
);
