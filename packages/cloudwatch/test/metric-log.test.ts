import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openCloudWatch, statisticsOf } from '@millrace/cloudwatch';
import type { Measurement, OpenCloudWatch } from '@millrace/cloudwatch';
import { realWorld } from '@millrace/world';

let directory = '';
let reports: string[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-metric-log-'));
  reports = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const world = realWorld();
const open = (snapshotEveryBytes?: number): Promise<OpenCloudWatch> =>
  openCloudWatch({
    world,
    directory,
    report: (message) => void reports.push(message),
    ...(snapshotEveryBytes !== undefined && { snapshotEveryBytes }),
  });

function measurement(name: string, values: readonly number[]): Measurement {
  return {
    metric: { account: '1', region: 'r', namespace: 'N', name, dimensions: [{ Name: 'd', Value: 'v' }] },
    timeMs: world.clock.now(),
    unit: 'Bytes',
    statistics: statisticsOf(values.map((value) => [value, 1] as const)),
  };
}

/** All that can be read of all metrics. */
function contents({ store }: OpenCloudWatch): unknown[] {
  const nowMs = world.clock.now();
  return [...store.all()].map(({ series, ...name }) => ({
    ...name,
    unit: series.unit,
    newestMs: series.newestMs,
    change: series.change,
    tiers: series.tiers(nowMs),
  }));
}

test('what is read after a restart is what was there, from changes and from a snapshot', async () => {
  for (const snapshotEveryBytes of [undefined, 500]) {
    const before = await open(snapshotEveryBytes);
    await before.put([measurement('even', [3, 3]), measurement('odd', [0, 1, 2.5]), measurement('below', [-1, 1])]);
    await before.put([
      measurement(
        'many',
        Array.from({ length: 300 }, (_, n) => n * n),
      ),
    ]);
    const seen = contents(before);
    assert.equal(seen.length, 4);
    await before.stop();
    const after = await open(snapshotEveryBytes);
    assert.deepEqual(contents(after), seen);
    await after.stop();
  }
  assert.deepEqual(reports, []);
});

test('the end of a torn file is cut, and what is put then follows what was whole', async () => {
  const before = await open();
  for (const name of ['a', 'b', 'c']) await before.put([measurement(name, [1])]);
  await before.stop();
  const [name] = await readdir(directory);
  const path = join(directory, name!);
  const bytes = await readFile(path);
  bytes[bytes.indexOf(10) + 30]! ^= 1;
  await writeFile(path, bytes.subarray(0, bytes.length - 5));
  const after = await open();
  assert.deepEqual(
    [...after.store.all()].map(({ name: kept }) => kept),
    ['a'],
  );
  await after.put([measurement('d', [1])]);
  await after.stop();
  const again = await open();
  assert.deepEqual(
    [...again.store.all()].map(({ name: kept }) => kept),
    ['a', 'd'],
  );
  await again.stop();
});

test('a last line that lacks but its end was never acknowledged, and swallows nothing that is put then', async () => {
  const before = await open();
  for (const name of ['a', 'b']) await before.put([measurement(name, [1])]);
  await before.stop();
  const path = join(directory, (await readdir(directory))[0]!);
  await truncate(path, (await readFile(path)).length - 1);
  const after = await open();
  await after.put([measurement('c', [1])]);
  await after.stop();
  const again = await open();
  assert.deepEqual(
    [...again.store.all()].map(({ name: kept }) => kept),
    ['a', 'c'],
  );
  assert.deepEqual(reports, []);
  await again.stop();
});

test('damage between whole lines is counted and told', async () => {
  const before = await open();
  for (const name of ['a', 'b', 'c']) await before.put([measurement(name, [1])]);
  await before.stop();
  const [name] = await readdir(directory);
  const bytes = await readFile(join(directory, name!));
  bytes[bytes.indexOf(10) + 30]! ^= 1;
  // The checksum of nothing is 0: even so nothing is no command.
  await writeFile(join(directory, name!), Buffer.concat([bytes, Buffer.from('00000000 \n')]));
  const after = await open();
  assert.deepEqual(
    [...after.store.all()].map(({ name: kept }) => kept),
    ['a', 'c'],
  );
  assert.equal(after.metrics()['damage'], 1);
  assert.match(reports.join(), /^metrics: .*changes: 1 damaged lines before byte \d+ are left out$/);
  await after.stop();
});
