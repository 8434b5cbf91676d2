/**
 * A real server killed with -9 while it takes records and delivers them, again and again on one directory: every record that was
 * acknowledged is in an object afterwards, and every object is whole.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { tellKillStory } from './firehose-killing.ts';

const rounds = Number(process.env['MILLRACE_KILL_ROUNDS'] ?? 5);

test(
  `Firehose killed with -9 while it delivers, ${rounds} times: nothing acknowledged is missing`,
  { timeout: 600_000 },
  async () => {
    await tellKillStory({ rounds, delivered: (data) => records(join(data, 'buckets/logs')) });
  },
);

async function records(bucket: string): Promise<Set<string>> {
  const names = await readdir(bucket, { recursive: true }).catch((): string[] => []);
  const bodies = await Promise.all(
    names.filter((each) => each.endsWith('.gz')).map(async (each) => gunzipSync(await readFile(join(bucket, each)))),
  );
  return new Set(bodies.flatMap((body) => String(body).split('\n')));
}
