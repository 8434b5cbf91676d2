/**
 * Data Streams with its registry and log on a disk that loses power: writers put in order by key, shards split and merge, and at
 * moments that the seed draws everything stops and starts again. Whatever happens: every acknowledged record is read once, in
 * order per key, through parents and children; open shards cover the hash space; a reshard that was begun is finished.
 */
import assert from 'node:assert/strict';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { testService } from '../../packages/data-streams/test/support.ts';
import type { TestService } from '../../packages/data-streams/test/support.ts';
import { settle } from './settle.ts';

const keys = ['a', 'b', 'c', 'd', 'e'];
const retentionMs = 24 * 3_600_000;

interface Known {
  readonly next: Map<string, number>;
  /** By key: what was acknowledged, with the wall clock before its put. */
  readonly acknowledged: Map<string, Map<number, number>>;
  /** An iterator of an earlier life, when it was made, and the numbers that it gave. */
  held: { iterator: string; atMs: number; numbers: string[] } | undefined;
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const known: Known = {
    next: new Map(),
    acknowledged: new Map(keys.map((key) => [key, new Map()])),
    held: undefined,
  };
  let streams = await open(world);
  await settle(world, streams.call('CreateStream', { StreamName: 's', ShardCount: 2 }));
  await settle(world, streams.untilActive('s'));
  for (let life = 0; life < 3; life += 1) {
    const work = [...keys.map((key) => write(streams, world, known, key)), reshard(streams, world)];
    for (const one of work) one.catch(() => undefined);
    if (world.draw(3) === 0) world.disk.faults = { writeFails: () => world.draw(25) === 0 };
    if (world.draw(4) === 0) world.disk.faults = { ...world.disk.faults, syncFails: () => world.draw(60) === 0 };
    await world.run({ forMs: 30 + world.draw(250) });
    world.stepClock(world.draw(4000) - 2000);
    await world.run({ forMs: 30 + world.draw(250) });
    world.disk.faults = {};
    world.crash();
    streams = await open(world);
    await checkHeld(streams, world, known);
    if (world.draw(2) === 0) world.stepClock(world.draw(20 * 3_600_000));
  }
  await settle(world, streams.untilActive('s'));
  checkShards(streams);
  await checkRecords(streams, world, known);
}

function open(world: SimulatedWorld): Promise<TestService> {
  const log = { journalFileBytes: 16_384, hotBytes: 12_000 };
  return settle(world, testService({ world, directory: '/data', transitionMs: 5, log, report: () => undefined }));
}

async function write(streams: TestService, world: SimulatedWorld, known: Known, key: string): Promise<void> {
  for (;;) {
    const ordinal = known.next.get(key) ?? 0;
    known.next.set(key, ordinal + 1);
    const beganMs = world.clock.now();
    const answer = await streams.call('PutRecords', {
      StreamName: 's',
      Records: [{ PartitionKey: key, Data: Buffer.from(String(ordinal)).toString('base64') }],
    });
    if (answer['FailedRecordCount'] === 0) known.acknowledged.get(key)!.set(ordinal, beganMs);
    else await pause(world, 3);
  }
}

/** Asks for splits, merges and updates as fast as the stream takes them. */
async function reshard(streams: TestService, world: SimulatedWorld): Promise<void> {
  for (;;) {
    await streams.untilActive('s');
    const open = [...streams.service.state.streams.values()][0]!.shards;
    const count = [...open.values()].filter(({ closed }) => closed === undefined).length;
    const target = Math.max(1, Math.min(6, count * 2, Math.ceil(count / 2) + world.draw(count * 2)));
    await streams
      .call('UpdateShardCount', { StreamName: 's', TargetShardCount: target, ScalingType: 'UNIFORM_SCALING' })
      .catch(() => undefined);
    await pause(world, 1 + world.draw(20));
  }
}

const pause = (world: SimulatedWorld, ms: number): Promise<void> =>
  new Promise((resolve) => void world.clock.setTimer(ms, resolve));

function checkShards(streams: TestService): void {
  const [stream] = [...streams.service.state.streams.values()];
  const open = [...stream!.shards.values()]
    .filter(({ closed }) => closed === undefined)
    .sort((a, b) => (a.startHash < b.startHash ? -1 : 1));
  let next = 0n;
  for (const { startHash, endHash } of open) {
    assert.equal(startHash, next, 'a gap or an overlap in the hash space');
    next = endHash + 1n;
  }
  assert.equal(next, 2n ** 128n);
}

interface Page {
  Records: { PartitionKey: string; Data: string; SequenceNumber: string; ApproximateArrivalTimestamp: number }[];
  NextShardIterator?: string;
  MillisBehindLatest: number;
}

const read = async (streams: TestService, world: SimulatedWorld, iterator: string): Promise<Page> =>
  (await settle(world, streams.call('GetRecords', { ShardIterator: iterator, Limit: 40 }))) as unknown as Page;

function iteratorOf(streams: TestService, world: SimulatedWorld, shard: number): Promise<string> {
  const place = { StreamName: 's', ShardId: String(shard), ShardIteratorType: 'TRIM_HORIZON' };
  return settle(world, streams.call('GetShardIterator', place)).then((answer) => answer['ShardIterator'] as string);
}

/** An iterator that was given out before the crash gives what it gave, for five minutes; then the next one is taken. */
async function checkHeld(streams: TestService, world: SimulatedWorld, known: Known): Promise<void> {
  const { held } = known;
  if (held !== undefined && world.clock.now() - held.atMs <= 300_000) {
    const numbers = (await read(streams, world, held.iterator)).Records.map(({ SequenceNumber }) => SequenceNumber);
    assert.deepEqual(numbers.slice(0, held.numbers.length), held.numbers, 'an iterator of an earlier life');
  }
  const iterator = await iteratorOf(streams, world, world.draw(2));
  const atMs = world.clock.now();
  const page = await read(streams, world, iterator);
  known.held = { iterator, atMs, numbers: page.Records.map(({ SequenceNumber }) => SequenceNumber) };
}

async function checkRecords(streams: TestService, world: SimulatedWorld, known: Known): Promise<void> {
  const seen = new Map<string, number[]>(keys.map((key) => [key, []]));
  const [stream] = [...streams.service.state.streams.values()];
  // Children have higher numbers than their parents: in this order a key's records come in theirs.
  for (const number of stream!.shards.keys()) {
    let iterator: string | undefined = await iteratorOf(streams, world, number);
    let last = 0n;
    while (iterator !== undefined) {
      const oldestMs = world.clock.now() - retentionMs;
      const page: Page = await read(streams, world, iterator);
      for (const record of page.Records) {
        assert.ok(BigInt(record.SequenceNumber) > last, 'numbers do not rise');
        last = BigInt(record.SequenceNumber);
        assert.ok(record.ApproximateArrivalTimestamp * 1000 >= oldestMs, 'an expired record is served');
        seen.get(record.PartitionKey)!.push(Number(Buffer.from(record.Data, 'base64').toString()));
      }
      iterator = page.Records.length === 0 && page.MillisBehindLatest === 0 ? undefined : page.NextShardIterator;
    }
  }
  for (const [key, ordinals] of seen) checkKey(key, ordinals, known, world.clock.now() - retentionMs);
}

function checkKey(key: string, ordinals: readonly number[], known: Known, oldestMs: number): void {
  for (let at = 1; at < ordinals.length; at += 1)
    assert.ok(ordinals[at]! > ordinals[at - 1]!, `key ${key}: ${ordinals[at]} after ${ordinals[at - 1]}`);
  const present = new Set(ordinals);
  for (const [ordinal, beganMs] of known.acknowledged.get(key)!)
    assert.ok(present.has(ordinal) || beganMs < oldestMs, `key ${key}: acknowledged ${ordinal} is lost`);
  assert.ok(
    ordinals.every((ordinal) => ordinal < known.next.get(key)!),
    `key ${key}: a record that nobody put`,
  );
}
