import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { base64, OneStream } from './one-stream.ts';

async function bytesUnder(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []))
    // It may go while we look.
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  return bytes;
}

test('expired records leave the disk, file by file, while newer ones stay; a closed shard goes as a whole', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-retention-'));
  const one = await OneStream.open(1, { directory, log: { journalFileBytes: 1 << 20, hotBytes: 100_000 } });
  const segments = join(directory, 'log/segments');
  const fill = async (hours: number): Promise<void> => {
    for (let hour = 0; hour < hours; hour += 1) {
      for (let n = 0; n < 4; n += 1) {
        const Records = Array.from({ length: 50 }, () => ({ PartitionKey: 'k', Data: base64('x'.repeat(2000)) }));
        await one.call('PutRecords', { StreamName: 's', Records });
      }
      one.world.advance(3_600_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await fill(20);
  const full = await bytesUnder(segments);
  assert.ok(full > 5_000_000, `${full} bytes`);
  // The first ten hours' worth is now older than a day.
  one.world.advance(14 * 3_600_000);
  await until(async () => {
    one.world.advance(60_000);
    return (await bytesUnder(segments)) < 0.7 * full;
  });
  const left = await one.readFrom('TRIM_HORIZON');
  assert.ok(left.length > 1000 && left.length < 2800, `${left.length} records`);
  await one.call('SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: '5' });
  await one.active();
  one.world.advance(25 * 3_600_000);
  await until(async () => {
    one.world.advance(60_000);
    return (await bytesUnder(segments)) === 0;
  });
  assert.deepEqual(
    (await one.shards()).map(({ ShardId }) => ShardId),
    ['shardId-000000000001', 'shardId-000000000002'],
  );
  await one.streams.stop();
  await rm(directory, { recursive: true, force: true });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
