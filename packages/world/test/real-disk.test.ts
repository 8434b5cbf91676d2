import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { realWorld } from '@millrace/world';

test('a file that is closed while it is read is read to the end, and never another file in its place', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-disk-'));
  const { disk } = realWorld();
  const length = 1 << 20;
  await writeFile(join(directory, 'mine'), Buffer.alloc(length, 1));
  await writeFile(join(directory, 'other'), Buffer.alloc(length, 2));
  for (let round = 0; round < 20; round += 1) {
    const mine = await disk.open(join(directory, 'mine'), 'read');
    const reads = Array.from({ length: 4 }, async () => {
      const target = Buffer.alloc(length);
      await mine.read(target, 0, length, 0);
      return target;
    });
    const closed = mine.close();
    const late = assert.rejects(mine.read(Buffer.alloc(1), 0, 1, 0), { code: 'EBADF' });
    const other = await disk.open(join(directory, 'other'), 'read');
    for (const target of await Promise.all(reads)) assert.ok(target.every((byte) => byte === 1));
    await late;
    await closed;
    await other.close();
  }
  await rm(directory, { recursive: true });
});
