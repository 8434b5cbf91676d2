/**
 * The shard log on a disk that loses power: writers append, a reader follows the tail, the clock steps, writes and syncs fail,
 * and at moments that the seed draws everything stops and starts again. Whatever happens: no acknowledged record is lost or
 * altered, none is invented, indices are consecutive, arrival times never go down, a reader at the tail misses nothing.
 */
import assert from 'node:assert/strict';
import { openEmbeddedLog } from '@millrace/log';
import type { ShardLog } from '@millrace/log';
import { simulatedWorld } from '@millrace/world';
import type { DiskFaults, SimulatedWorld } from '@millrace/world';
import { settle } from './settle.ts';

const directory = '/data';
const shards = [1, 2, 3];
const cipher = {
  seal: (_keyRef: number, plain: Uint8Array) => Buffer.from(plain.map((byte) => byte ^ 0x5a)),
  open: (_keyRef: number, sealed: Uint8Array) => Buffer.from(sealed.map((byte) => byte ^ 0x5a)),
};

/** What the test knows: every text ever tried, and which ones were acknowledged at which index. */
interface Knowledge {
  readonly tried: Set<string>;
  readonly acknowledged: Map<number, Map<number, string>>;
  nextText: number;
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const known: Knowledge = {
    tried: new Set(),
    acknowledged: new Map(shards.map((shard) => [shard, new Map()])),
    nextText: 0,
  };
  for (let life = 0; life < 4; life += 1) {
    world.disk.faults = {};
    const log = await openOn(world);
    await checkAll(log, world, known);
    const tails = shards.map((shard) => followTail(log, shard));
    const writers = Array.from({ length: 4 }, () => write(log, world, known));
    void readAgain(log, world, known);
    if (world.draw(3) === 0) world.disk.faults = { writeFails: () => world.draw(20) === 0 };
    // Near the end of a journal file, so that what is left of a refused write stays in a file that is not the last.
    if (world.draw(3) === 0) world.disk.faults = { writeFails: (_path, end) => end > 5000 && world.draw(3) > 0 };
    if (world.draw(4) === 0) world.disk.faults = { ...world.disk.faults, syncFails: () => world.draw(40) === 0 };
    const reads: DiskFaults = {
      ...(world.draw(3) === 0 && { readIsShort: () => world.draw(3) === 0 }),
      ...(world.draw(3) === 0 && { readFails: () => world.draw(10) === 0 }),
      ...(world.draw(4) === 0 && { extraMs: () => (world.draw(10) === 0 ? 50 : 0) }),
    };
    world.disk.faults = { ...world.disk.faults, ...reads };
    await world.run({ forMs: 20 + world.draw(200) });
    world.stepClock(world.draw(20_000) - 10_000);
    await world.run({ forMs: 20 + world.draw(200) });
    for (const [index, shard] of shards.entries()) checkTail(tails[index]!, known.acknowledged.get(shard)!);
    world.crash();
    void writers;
  }
  world.disk.faults = {};
  await checkAll(await openOn(world), world, known);
}

/** Nothing is damaged here: what says so is wrong. Flushes may fail. */
function report(message: string): void {
  if (!message.startsWith('flush: ')) throw new Error(message);
}

async function openOn(world: SimulatedWorld): Promise<ShardLog> {
  const opened = await settle(
    world,
    openEmbeddedLog({ world, directory, cipher, hotBytes: 6000, journalFileBytes: 8192, report }),
  );
  for (const shard of shards) await opened.create(shard);
  return opened;
}

async function write(log: ShardLog, world: SimulatedWorld, known: Knowledge): Promise<void> {
  for (;;) {
    const shard = shards[world.draw(shards.length)]!;
    const texts = Array.from(
      { length: 1 + world.draw(5) },
      () => `text-${known.nextText++}-${'x'.repeat(world.draw(200))}`,
    );
    for (const text of texts) known.tried.add(text);
    const records = texts.map((text) => ({ partitionKey: text.split('-')[1]!, data: Buffer.from(text) }));
    const outcome = await log.append(shard, records, world.draw(2)).catch(() => undefined);
    if (outcome === undefined || outcome === 'closed') {
      if (log.failure() !== undefined) return;
      await new Promise<void>((resolve) => world.clock.setTimer(5, resolve));
      continue;
    }
    for (const [offset, text] of texts.entries()) known.acknowledged.get(shard)!.set(outcome.firstIndex + offset, text);
  }
}

interface Tail {
  readonly seen: Map<number, string>;
  from: number;
}

/** Reads whatever becomes visible, from where it is now. */
function followTail(log: ShardLog, shard: number): Tail {
  const tail: Tail = { seen: new Map(), from: log.status(shard)!.nextIndex };
  void (async () => {
    let next = tail.from;
    for (;;) {
      const { records, nextIndex, tailIndex } = await log.read(shard, next, { maxRecords: 10, maxBytes: 2000 });
      for (const { index, data } of records) {
        assert.equal(index, tail.from + tail.seen.size, 'the tail reader missed a record');
        tail.seen.set(index, data.toString());
      }
      next = nextIndex;
      if (next >= tailIndex) await new Promise<void>((wake) => void log.wait(shard, next, wake));
    }
  })();
  return tail;
}

/** Reads one shard from its beginning again and again, while it is written, moved to segments, and hard to read. */
async function readAgain(log: ShardLog, world: SimulatedWorld, known: Knowledge): Promise<void> {
  for (;;) {
    const shard = shards[world.draw(shards.length)]!;
    let expected = 0;
    for (;;) {
      const page = await Promise.resolve(log.read(shard, expected, { maxRecords: 10, maxBytes: 2000 })).catch(
        (error: NodeJS.ErrnoException) => assert.equal(error.code, 'EIO'),
      );
      if (page === undefined) break;
      for (const { index, data } of page.records) {
        assert.equal(index, expected, `shard ${shard}: a reader from the beginning missed a record`);
        const text = known.acknowledged.get(shard)!.get(index);
        if (text !== undefined) assert.equal(data.toString(), text, `shard ${shard}: ${index} is altered`);
        expected += 1;
      }
      if (page.nextIndex >= page.tailIndex) break;
    }
    await new Promise<void>((resolve) => world.clock.setTimer(world.draw(20), resolve));
  }
}

function checkTail(tail: Tail, acknowledged: ReadonlyMap<number, string>): void {
  for (const [index, text] of tail.seen) {
    const expected = acknowledged.get(index);
    if (expected !== undefined) assert.equal(text, expected, `index ${index} at the tail`);
  }
}

async function checkAll(log: ShardLog, world: SimulatedWorld, known: Knowledge): Promise<void> {
  for (const shard of shards) {
    const found = new Map<number, string>();
    let lastMs = 0;
    let next = 0;
    for (;;) {
      const { records, nextIndex, tailIndex } = await settle(
        world,
        Promise.resolve(log.read(shard, next, { maxRecords: 50, maxBytes: 10_000 })),
      );
      for (const { index, data, arrivalMs } of records) {
        assert.equal(index, found.size, `shard ${shard}: index ${index} comes after ${found.size} records`);
        assert.ok(arrivalMs >= lastMs, `shard ${shard}: time goes back at ${index}`);
        assert.ok(known.tried.has(data.toString()), `shard ${shard}: ${index} was never put`);
        lastMs = arrivalMs;
        found.set(index, data.toString());
      }
      next = nextIndex;
      if (next >= tailIndex) break;
    }
    for (const [index, text] of known.acknowledged.get(shard)!)
      assert.equal(found.get(index), text, `shard ${shard}: acknowledged ${index} is lost or altered`);
  }
}
