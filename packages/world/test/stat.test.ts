/** Both disks know a file by the same marks: they follow it through renames, and tell it from one made later. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { realWorld, simulatedWorld } from '@millrace/world';
import type { Disk } from '@millrace/world';

async function follow(disk: Disk, folder: string): Promise<void> {
  const [path, other] = [join(folder, 'a'), join(folder, 'b')];
  assert.equal(await disk.stat(path), undefined);
  const file = await disk.open(path, 'create');
  await file.write([Buffer.from('12345')], 0);
  const first = (await disk.stat(path))!;
  assert.deepEqual([first.size, first.isFile], [5, true]);
  assert.ok(first.modifiedMs > 0);
  await disk.rename(path, other);
  assert.equal(await disk.stat(path), undefined);
  assert.equal((await disk.stat(other))!.inode, first.inode);
  const next = await disk.open(path, 'create');
  assert.notEqual((await next.stat()).inode, first.inode);
  await disk.remove(other);
  assert.deepEqual((({ device, inode, size }) => ({ device, inode, size }))(await file.stat()), {
    device: first.device,
    inode: first.inode,
    size: 5,
  });
  assert.equal((await disk.stat(folder))!.isFile, false);
  await file.close();
  await next.close();
}

test('the real disk, through links too', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-stat-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const { disk } = realWorld();
  await follow(disk, folder);
  await symlink(join(folder, 'a'), join(folder, 'link'));
  assert.equal((await disk.stat(join(folder, 'link')))!.inode, (await disk.stat(join(folder, 'a')))!.inode);
});

test('the simulated disk', async () => {
  const world = simulatedWorld(1);
  const done = world.disk.makeDirectory('/f').then(() => follow(world.disk, '/f'));
  await world.run();
  await done;
});
