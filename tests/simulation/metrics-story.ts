/**
 * CloudWatch's metrics on a disk that loses power: many put at once, snapshots are written all the while, writes and syncs fail,
 * and at moments that the seed draws everything stops and starts again. Whatever happens: what was acknowledged is there, nothing
 * is counted twice, nothing was invented, and the files stay in proportion.
 */
import assert from 'node:assert/strict';
import { openCloudWatch, statisticsOf } from '@millrace/cloudwatch';
import type { Measurement, OpenCloudWatch } from '@millrace/cloudwatch';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { settle } from './settle.ts';

const directory = '/data/metrics';
const hourMs = 3_600_000;
/** So many values to a metric, each a power of two: their sum says which of them are in it. */
const valuesEach = 40;

/** By metric: the bits that were tried, and those that were acknowledged. */
interface Known {
  readonly tried: Map<string, Set<number>>;
  readonly acknowledged: Map<string, Set<number>>;
  next: number;
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const known: Known = { tried: new Map(), acknowledged: new Map(), next: 0 };
  for (let life = 0; life < 4; life += 1) {
    world.disk.faults = {};
    const cloudWatch = await open(world);
    check(cloudWatch, world, known);
    for (let n = 0; n < 3; n += 1) void put(cloudWatch, world, known);
    if (world.draw(3) === 0) world.disk.faults = { writeFails: () => world.draw(15) === 0 };
    if (world.draw(4) === 0) world.disk.faults = { ...world.disk.faults, syncFails: () => world.draw(60) === 0 };
    await world.run({ forMs: 20 + world.draw(200) });
    world.stepClock(world.draw(20_000) - 10_000);
    await world.run({ forMs: 20 + world.draw(200) });
    check(cloudWatch, world, known);
    world.crash();
  }
  world.disk.faults = {};
  const cloudWatch = await open(world);
  check(cloudWatch, world, known);
  await checkFiles(world);
}

function open(world: SimulatedWorld): Promise<OpenCloudWatch> {
  // Nothing is damaged here: only snapshots may fail, with the writes that are made to.
  const report = (message: string): void => assert.match(message, /^metrics: no (snapshot|new file): /);
  return settle(world, openCloudWatch({ world, directory, report, snapshotEveryBytes: 2000 }));
}

async function put(cloudWatch: OpenCloudWatch, world: SimulatedWorld, known: Known): Promise<void> {
  while (cloudWatch.failure() === undefined) {
    const chosen = Array.from({ length: 1 + world.draw(4) }, () => {
      const number = known.next++;
      return { name: `m${Math.floor(number / valuesEach)}`, bit: number % valuesEach };
    });
    for (const { name, bit } of chosen) note(known.tried, name, bit);
    const measurements = chosen.map(({ name, bit }): Measurement => ({
      metric: { account: '1', region: 'r', namespace: 'N', name, dimensions: [] },
      timeMs: world.clock.now(),
      unit: 'Count',
      statistics: statisticsOf([[2 ** bit, 1]]),
    }));
    const isThere = await cloudWatch.put(measurements).then(
      () => true,
      () => false,
    );
    if (isThere) for (const { name, bit } of chosen) note(known.acknowledged, name, bit);
  }
}

function note(bits: Map<string, Set<number>>, name: string, bit: number): void {
  const set = bits.get(name) ?? new Set();
  bits.set(name, set.add(bit));
}

function check({ store }: OpenCloudWatch, world: SimulatedWorld, known: Known): void {
  const nowMs = world.clock.now();
  for (const [name, tried] of known.tried) {
    const series = store.find({ account: '1', region: 'r', namespace: 'N', name, dimensions: [] });
    // Each tier by itself: hours, five minutes, minutes.
    for (const backMs of [100 * hourMs, 20 * hourMs, 2 * hourMs]) {
      const points = series?.read(nowMs - backMs, nowMs + hourMs, { periodMs: 60_000, nowMs }) ?? [];
      const [sum, count] = points.reduce(([sums, counts], point) => [sums + point.sum, counts + point.count], [0, 0]);
      const found = new Set([...tried].filter((bit) => Math.floor(sum / 2 ** bit) % 2 === 1));
      assert.equal(
        [...found].reduce((all, bit) => all + 2 ** bit, 0),
        sum,
        `${name} has what nobody tried`,
      );
      assert.equal(found.size, count, `${name} counts a value twice`);
      for (const bit of known.acknowledged.get(name) ?? []) assert.ok(found.has(bit), `${name} lost value ${bit}`);
    }
  }
}

/** A snapshot of all and the changes since: two of each while a snapshot is written. */
async function checkFiles(world: SimulatedWorld): Promise<void> {
  const names = await settle(world, world.disk.list(directory));
  const numbers = new Set(names.map((name) => name.slice(0, 10)));
  assert.ok(names.length <= 2 * numbers.size + 1, names.join());
}
