/**
 * Workers of one application read streams while shards split and merge, and workers come, stop and hand over. By the seed also:
 * workers crash (are never heard of again), are paused for longer than their leases live or do not reach the lease store, the
 * store fails and answers late, clocks step, all workers are gone for longer than iterators live, records are poison, the
 * application begins at LATEST, or reads two streams, of which one goes and comes back. Whatever happens: every record is
 * processed or a dead letter, first sights are in order by key, a checkpoint never goes back, and only who has a lease writes
 * it; but for pauses, no two workers process a shard at once; where nothing fails, no record is processed twice; and once
 * nothing more comes, leases stay where they are.
 */
import assert from 'node:assert/strict';
import { MemoryLeases } from '@millrace/consumer';
import { simulatedWorld } from '@millrace/world';
import { testService } from '../../packages/data-streams/test/support.ts';
import { failoverMs, startWorker } from './consumer-workers.ts';
import type { Application, Weather, Worker } from './consumer-workers.ts';
import { settle } from './settle.ts';

const letters = ['a', 'b', 'c', 'd', 'e', 'f'];

interface Story extends Application {
  /** By key: how many were put. */
  readonly put: Map<string, number>;
  readonly poison: Set<string>;
  readonly workers: Worker[];
  /** What may befall it, each as often as it stands here. */
  readonly disturbances: readonly Disturbance[];
}

type Disturbance = 'none' | 'stop' | 'join' | 'crash' | 'pause' | 'cut off' | 'clock step' | 'all crash' | 'stream';

const calm: readonly Disturbance[] = ['none', 'none', 'stop', 'join', 'join'];

export async function story(seed: number): Promise<void> {
  const it = await open(seed);
  it.workers.push(startWorker(it), startWorker(it));
  if (it.weather.initialPosition === 'LATEST') await begun(it);
  for (let step = 0; step < 12; step += 1) {
    await putSome(it);
    if (it.world.draw(3) === 0) await reshard(it);
    await disturb(it);
    await it.world.run({ forMs: it.world.draw(3000) });
  }
  // Somebody is left to read the rest.
  it.left.clear();
  it.workers.push(startWorker(it));
  await it.world.run({ forMs: 900_000, stop: () => isComplete(it) });
  check(it);
  await checkSettled(it);
  const alive = it.workers.filter(({ state }) => !state.isDead);
  await settle(it.world, Promise.all(alive.map(({ consumer }) => consumer.stop())));
}

async function open(seed: number): Promise<Story> {
  const world = simulatedWorld(seed);
  const log = { journalFileBytes: 65_536, hotBytes: 20_000 };
  const streams = await settle(world, testService({ world, directory: '/data', transitionMs: 5, log }));
  const read = world.draw(3) === 0 ? ['s', 't'] : ['s'];
  for (const StreamName of [...read, 'dead']) {
    await settle(world, streams.call('CreateStream', { StreamName, ShardCount: 2 }));
    await settle(world, streams.untilActive(StreamName));
  }
  const kind = world.draw(4);
  const weather: Weather = {
    hasFailures: kind > 0,
    hasPauses: kind > 1,
    initialPosition: world.draw(3) === 0 ? 'LATEST' : 'TRIM_HORIZON',
  };
  const disturbances: Disturbance[] = [...calm];
  if (weather.hasFailures) disturbances.push('crash', 'cut off', 'all crash');
  if (weather.hasPauses) disturbances.push('pause', 'pause');
  // The time at which a shard was begun is the last resort: where clocks step, it means little.
  if (weather.initialPosition !== 'LATEST') disturbances.push('clock step');
  if (read.length > 1) disturbances.push('stream');
  const keys = read.flatMap((stream) => letters.map((letter) => `${stream}-${letter}`));
  return {
    ...{ world, streams, leases: new MemoryLeases(), weather, read, disturbances },
    ...{ seen: new Map(), dead: new Set(), poison: new Set(), checkpoints: new Map(), busy: new Map() },
    ...{ left: new Set(), events: [], violations: [], workers: [], put: new Map(keys.map((key) => [key, 0])) },
  };
}

/** From here on every record counts: each shard's lease tells where it was begun. */
async function begun({ world, leases, read }: Story): Promise<void> {
  for (;;) {
    const all = await leases.list();
    if (all.length === 2 * read.length && all.every(({ tip }) => tip !== undefined)) return;
    await world.run({ forMs: 3 });
  }
}

async function putSome({ world, streams, put, poison, read }: Story): Promise<void> {
  for (let n = world.draw(15); n > 0; n -= 1)
    for (const StreamName of read) {
      const Records = letters
        .filter(() => world.draw(2) === 0)
        .map((letter) => {
          const key = `${StreamName}-${letter}`;
          const ordinal = put.get(key)!;
          put.set(key, ordinal + 1);
          const isPoison = world.draw(60) === 0;
          if (isPoison) poison.add(`${key}:${ordinal}`);
          const text = isPoison ? `poison ${ordinal}` : String(ordinal);
          return { PartitionKey: key, Data: Buffer.from(text).toString('base64') };
        });
      if (Records.length > 0) await settle(world, streams.call('PutRecords', { StreamName, Records }));
    }
}

async function reshard({ world, streams, read }: Story): Promise<void> {
  const StreamName = read[world.draw(read.length)]!;
  const change = { StreamName, TargetShardCount: 1 + world.draw(4), ScalingType: 'UNIFORM_SCALING' };
  await settle(world, streams.refusal('UpdateShardCount', change));
}

async function disturb(it: Story): Promise<void> {
  const { world, workers, disturbances } = it;
  const { consumer, state } = workers[world.draw(workers.length)]!;
  const now = world.clock.monotonicMs();
  switch (disturbances[world.draw(disturbances.length)]!) {
    case 'pause':
      state.pausedUntilMs = now + world.draw(3 * failoverMs);
      break;
    case 'cut off':
      state.cutOffUntilMs = now + world.draw(3 * failoverMs);
      break;
    case 'crash':
      state.isDead = true;
      workers.push(startWorker(it));
      break;
    case 'all crash':
      for (const one of workers) one.state.isDead = true;
      await world.run({ forMs: world.draw(2) === 0 ? 0 : world.draw(600_000) });
      workers.push(startWorker(it));
      break;
    case 'stop':
      if (!state.isDead) void consumer.stop();
      workers.push(startWorker(it));
      break;
    case 'join':
      if (workers.length < 6) workers.push(startWorker(it));
      break;
    case 'stream':
      if (!it.left.delete('t')) it.left.add('t');
      break;
    case 'clock step':
      world.stepClock(world.draw(7_200_000) - 3_600_000);
      break;
    default:
  }
}

function isComplete({ put, seen, dead, poison }: Story): boolean {
  const count = [...put].every(([key, count]) => {
    const skipped = [...poison].filter((one) => one.startsWith(`${key}:`)).length;
    return new Set(seen.get(key)).size === count - skipped;
  });
  return count && dead.size === poison.size;
}

function check({ put, seen, dead, poison, weather, violations }: Story): void {
  assert.deepEqual(violations, []);
  assert.deepEqual(dead, poison, 'dead letters are the poison records');
  for (const [key, count] of put) {
    const ordinals = seen.get(key) ?? [];
    const wanted = Array.from({ length: count }, (_, ordinal) => ordinal).filter((one) => !poison.has(`${key}:${one}`));
    assert.deepEqual([...new Set(ordinals)], wanted, `key ${key}: first sights`);
    // A failing record is met again with those before it only where these were not checkpointed.
    if (!weather.hasFailures && !weather.hasPauses)
      assert.deepEqual(ordinals, wanted, `key ${key}: no record is processed twice`);
  }
}

/** Leases come to rest: what still moves after a while moves to and fro. */
async function checkSettled({ world, events, workers, weather }: Story): Promise<void> {
  if (weather.hasFailures) return;
  await world.run({ forMs: 20_000 });
  const sinceMs = world.clock.monotonicMs();
  await world.run({ forMs: 20_000 });
  const moves = events.filter(({ event, atMs }) => event.type === 'taken' && atMs >= sinceMs);
  assert.equal(moves.length, 0, `${moves.length} leases move though nothing comes`);
  const counts = workers.filter(isRunning).map(({ consumer }) => consumer.metrics().shards.length);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 2, `workers have ${counts.join(', ')} shards`);
}

function isRunning({ consumer }: Worker): boolean {
  return consumer.metrics().shards.length > 0;
}
