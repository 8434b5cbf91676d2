import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openRegistry } from '@millrace/log';
import type { Machine, Registry } from '@millrace/log';
import { realWorld, simulatedWorld } from '@millrace/world';

type Add = { add: number; pad?: string };
const machine: Machine<{ sum: number }, Add, number> = {
  name: 'sum',
  version: 1,
  initial: () => ({ sum: 0 }),
  apply: (state, { add }) => (state.sum += add),
  snapshot: (state) => state,
  restore: (snapshot) => ({ ...(snapshot as { sum: number }) }),
};
let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-registry-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));
const open = (): Promise<Registry<{ sum: number }, Add, number>> =>
  openRegistry({ world: realWorld(), directory, machine });

test('commands apply in order and are there after a restart', async () => {
  const registry = await open();
  assert.deepEqual(await Promise.all([1, 2, 3].map((add) => registry.execute({ add }))), [1, 3, 6]);
  await registry.stop();
  const again = await open();
  assert.equal(again.state.sum, 6);
  assert.equal(await again.execute({ add: 4 }), 10);
  await again.stop();
});

test('a snapshot takes the place of the commands before it', async () => {
  const registry = await open();
  const pad = 'x'.repeat(1 << 20);
  for (let n = 0; n < 20; n += 1) await registry.execute({ add: 1, pad });
  await registry.stop();
  const bytes = (await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name))))).reduce(
    (sum, { length }) => sum + length,
    0,
  );
  assert.ok(bytes < 10 << 20, `${bytes} bytes left`);
  const again = await open();
  assert.equal(again.state.sum, 20);
  await again.stop();
});

test('a torn last line is cut; damage before the end is refused, naming the file', async () => {
  const registry = await open();
  for (const add of [1, 2, 3]) await registry.execute({ add });
  await registry.stop();
  const path = join(directory, '0000000000.commands');
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, bytes.length - 3));
  const cut = await open();
  assert.equal(cut.state.sum, 3);
  await cut.execute({ add: 5 });
  await cut.stop();
  const damaged = await readFile(path);
  damaged[12]! ^= 1;
  await writeFile(path, damaged);
  await assert.rejects(open(), /0000000000\.commands: damaged at character 0/);
});

test('a snapshot of a newer version is refused', async () => {
  const registry = await openRegistry({ world: realWorld(), directory, machine: { ...machine, version: 2 } });
  const pad = 'x'.repeat(9 << 20);
  await registry.execute({ add: 1, pad });
  await registry.execute({ add: 1 });
  await registry.stop();
  await assert.rejects(open(), /newer version/);
});

test('a power cut while several commands are written leaves a registry that opens, with all that was acknowledged', async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const world = simulatedWorld(seed);
    const options = { world, directory: '/registry', machine };
    const settled = async <Result>(promise: Promise<Result>): Promise<Result> => {
      let isDone = false;
      const ended = (): void => void (isDone = true);
      promise.then(ended, ended);
      await world.run({ stop: () => isDone });
      return promise;
    };
    const registry = await settled(openRegistry(options));
    let acknowledged = 0;
    const pad = 'x'.repeat(300);
    const write = async (): Promise<void> => {
      for (;;) {
        const sums = await Promise.all([1, 1, 1, 1].map((add) => registry.execute({ add, pad })));
        acknowledged = Math.max(acknowledged, ...sums);
      }
    };
    void write();
    await world.run({ forMs: 20 + world.draw(60) });
    world.crash();
    const { state } = await settled(openRegistry(options));
    assert.ok(state.sum >= acknowledged && state.sum <= acknowledged + 4, `seed ${seed}: ${state.sum}`);
  }
});
