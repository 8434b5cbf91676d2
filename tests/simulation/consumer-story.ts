/**
 * Workers of one application read a stream while shards split and merge, workers are paused for longer than their leases live,
 * stop, crash (are never heard of again) and come back, the lease store fails and answers late, and clocks step. Whatever
 * happens: every record is processed, first sights are in order by key, a checkpoint never goes back, and only who owns a
 * lease writes it.
 */
import assert from 'node:assert/strict';
import { consume, MemoryLeases } from '@millrace/consumer';
import type { Consumer, ConsumerOptions, Lease, LeaseChange, LeaseStore } from '@millrace/consumer';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { testService } from '../../packages/data-streams/test/support.ts';
import type { TestService } from '../../packages/data-streams/test/support.ts';
import { settle } from './settle.ts';

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
const failoverMs = 2000;

interface Story {
  readonly world: SimulatedWorld;
  readonly streams: TestService;
  readonly leases: MemoryLeases;
  /** By key: the ordinals in the order of their first sight. */
  readonly seen: Map<string, number[]>;
  readonly put: Map<string, number>;
  readonly checkpoints: Map<string, string>;
}

interface Worker {
  readonly consumer: Consumer;
  /** Until when nothing it does goes on. */
  pausedUntilMs: number;
  isDead: boolean;
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const log = { journalFileBytes: 65_536, hotBytes: 20_000 };
  const streams = await settle(world, testService({ world, directory: '/data', transitionMs: 5, log }));
  await settle(world, streams.call('CreateStream', { StreamName: 's', ShardCount: 2 }));
  await settle(world, streams.untilActive('s'));
  const it: Story = {
    world,
    streams,
    leases: new MemoryLeases(),
    seen: new Map(),
    put: new Map(keys.map((key) => [key, 0])),
    checkpoints: new Map(),
  };
  const workers = [startWorker(it), startWorker(it)];
  for (let step = 0; step < 12; step += 1) {
    await putSome(it);
    if (world.draw(3) === 0) await reshard(it);
    disturb(it, workers);
    await world.run({ forMs: world.draw(3000) });
  }
  // Somebody is left to read the rest.
  workers.push(startWorker(it));
  const isComplete = (): boolean => keys.every((key) => new Set(it.seen.get(key)).size === it.put.get(key)!);
  await world.run({ forMs: 600_000, stop: isComplete });
  for (const key of keys) {
    const seen = it.seen.get(key) ?? [];
    assert.deepEqual([...new Set(seen)], [...Array(it.put.get(key)).keys()], `key ${key}: first sights`);
  }
  await settle(world, Promise.all(workers.filter(({ isDead }) => !isDead).map(({ consumer }) => consumer.stop())));
}

function startWorker(it: Story): Worker {
  const { world } = it;
  const state = { pausedUntilMs: 0, isDead: false };
  /** What a worker that is paused or dead asks for goes on when it does. */
  const awake = async (): Promise<void> => {
    for (;;) {
      const left = state.isDead ? Infinity : state.pausedUntilMs - world.clock.monotonicMs();
      if (left === Infinity) return new Promise(() => undefined);
      if (left <= 0) return;
      await new Promise<void>((resolve) => void world.clock.setTimer(left, resolve));
    }
  };
  const consumer = consume({
    client: clientOf(it, awake),
    stream: 's',
    leases: storeOf(it, awake),
    failoverMs,
    idleMs: 50,
    shardSyncMs: 5000,
    world,
    async processor(records) {
      await awake();
      for (const { partitionKey, data } of records) {
        const seen = it.seen.get(partitionKey) ?? [];
        seen.push(Number(Buffer.from(data).toString()));
        it.seen.set(partitionKey, seen);
      }
      await new Promise<void>((resolve) => void world.clock.setTimer(world.draw(30), resolve));
      await awake();
      if (world.draw(40) === 0) throw new Error('the processor fails now and then');
    },
  });
  return Object.assign(state, { consumer });
}

/** The real service, called as a client would call it, a little later. */
function clientOf({ world, streams }: Story, awake: () => Promise<void>): ConsumerOptions['client'] {
  const send = async (command: { input: object }): Promise<unknown> => {
    await delay(world, awake);
    const name = command.constructor.name.replace(/Command$/, '');
    const answer = (await streams.call(name, command.input)) as { Records?: { Data: string }[] };
    await delay(world, awake);
    if (answer.Records === undefined) return answer;
    return { ...answer, Records: answer.Records.map((one) => ({ ...one, Data: Buffer.from(one.Data, 'base64') })) };
  };
  return { send: send as never };
}

/** A store that is slow, that fails before and after it has written, and that watches over what is written. */
function storeOf(it: Story, awake: () => Promise<void>): LeaseStore {
  const { world, leases, checkpoints } = it;
  const through = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await delay(world, awake);
    if (world.draw(30) === 0) throw new Error('the store fails');
    const result = await work();
    await delay(world, awake);
    if (world.draw(60) === 0) throw new Error('the answer is lost');
    return result;
  };
  return {
    prepare: () => leases.prepare(),
    list: () => through(() => leases.list()),
    get: (leaseKey: string) => through(() => leases.get(leaseKey)),
    requestHandOver: (lease: Lease, newOwner: string) => through(() => leases.requestHandOver(lease, newOwner)),
    create: (lease: Lease) => through(() => leases.create(lease)),
    remove: (lease: Lease) => through(() => leases.remove(lease)),
    update: (lease: Lease, change: LeaseChange) =>
      through(async () => {
        const next = await leases.update(lease, change);
        if (next !== undefined && change.checkpoint !== undefined) {
          const before = checkpoints.get(lease.shardId) ?? 'TRIM_HORIZON';
          const after = change.checkpoint.sequenceNumber;
          const isForward =
            after === 'SHARD_END' ||
            before === 'TRIM_HORIZON' ||
            (before !== 'SHARD_END' && BigInt(after) >= BigInt(before));
          assert.ok(isForward, `${lease.shardId}: a checkpoint goes from ${before} back to ${after}`);
          checkpoints.set(lease.shardId, after);
        }
        return next;
      }),
  };
}

async function delay(world: SimulatedWorld, awake: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => void world.clock.setTimer(1 + world.draw(10), resolve));
  await awake();
}

async function putSome({ world, streams, put }: Story): Promise<void> {
  for (let n = world.draw(15); n > 0; n -= 1) {
    const Records = keys
      .filter(() => world.draw(2) === 0)
      .map((key) => {
        const ordinal = put.get(key)!;
        put.set(key, ordinal + 1);
        return { PartitionKey: key, Data: Buffer.from(String(ordinal)).toString('base64') };
      });
    if (Records.length > 0) await settle(world, streams.call('PutRecords', { StreamName: 's', Records }));
  }
}

async function reshard({ world, streams }: Story): Promise<void> {
  const TargetShardCount = 1 + world.draw(4);
  const change = { StreamName: 's', TargetShardCount, ScalingType: 'UNIFORM_SCALING' };
  await settle(world, streams.refusal('UpdateShardCount', change));
}

function disturb(it: Story, workers: Worker[]): void {
  const { world } = it;
  const worker = workers[world.draw(workers.length)]!;
  switch (world.draw(7)) {
    case 0:
      worker.pausedUntilMs = world.clock.monotonicMs() + world.draw(3 * failoverMs);
      break;
    case 1:
      worker.isDead = true;
      workers.push(startWorker(it));
      break;
    case 2:
      if (!worker.isDead) void worker.consumer.stop();
      workers.push(startWorker(it));
      break;
    case 3:
      world.stepClock(world.draw(7_200_000) - 3_600_000);
      break;
    default:
  }
}
