/**
 * A log directory of which one file was altered: a thousand times for each seed, byte by byte and span by span, every file. It
 * opens, serves nothing that was not written, in order, and takes new records that are there after it is opened again.
 */
import assert from 'node:assert/strict';
import { openEmbeddedLog } from '@millrace/log';
import type { ShardLog } from '@millrace/log';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { settle } from '../simulation/settle.ts';
import { Draw } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';

const cases = 100;
const shards = [1, 2];
const cipher = {
  seal: (): Buffer => assert.fail('nothing is sealed here'),
  open: (): Buffer => assert.fail('an altered header was believed'),
};

export async function story(seed: number): Promise<void> {
  const draw = new Draw(seed);
  const files = await write(draw, seed);
  const names = [...files.keys()];
  for (let done = 0; done < cases; done += 1) {
    const name = draw.pick(names);
    const altered = mutateBytes(draw, files.get(name)!, ['\u0000'.repeat(40), 'x'.repeat(40)]);
    try {
      await readAndGoOn(new Map([...files, [name, altered]]), seed * cases + done);
    } catch (error) {
      throw new Error(`${name}, case ${done}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** A directory with segments, their indexes and a journal, as a power cut left it. */
async function write(draw: Draw, seed: number): Promise<Map<string, Buffer>> {
  const world = simulatedWorld(seed);
  const log = await open(world);
  for (let n = 0; n < 60; n += 1) {
    const shard = draw.pick(shards);
    const first = await settle(
      world,
      append(
        log,
        shard,
        Array.from({ length: 1 + draw.below(4) }, () => draw.below(300)),
      ),
    );
    assert.ok(first >= 0);
  }
  world.crash();
  const files = new Map<string, Buffer>();
  const collect = async (folder: string): Promise<void> => {
    for (const name of await world.disk.list(folder)) {
      const path = `${folder}/${name}`;
      if (!/\.(log|seg|idx)$/.test(name)) {
        await collect(path);
        continue;
      }
      const file = await world.disk.open(path, 'read');
      const bytes = Buffer.alloc(await file.size());
      assert.equal(await file.read(bytes, 0, bytes.length, 0), bytes.length);
      files.set(path, bytes);
    }
  };
  await settle(world, collect('/data'));
  assert.ok(
    [...files.keys()].some((path) => path.endsWith('.seg')),
    'nothing was flushed',
  );
  return files;
}

async function readAndGoOn(files: ReadonlyMap<string, Buffer>, seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  await settle(world, restore(world, files));
  const log = await open(world);
  const before = new Map<number, string[]>();
  for (const shard of shards) {
    before.set(shard, await read(world, log, shard));
    await settle(world, append(log, shard, [7]));
  }
  await settle(world, log.stop());
  const again = await open(world);
  for (const shard of shards) {
    const now = await read(world, again, shard);
    assert.equal(now.length, before.get(shard)!.length + 1, 'what was served, or was written since, is not there');
  }
}

async function restore(world: SimulatedWorld, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [path, bytes] of files) {
    await world.disk.makeDirectory(path.slice(0, path.lastIndexOf('/')));
    const file = await world.disk.open(path, 'create');
    await file.write([bytes], 0);
    await file.datasync();
    await file.close();
    await world.disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
  }
}

async function open(world: SimulatedWorld): Promise<ShardLog> {
  const sizes = { hotBytes: 6000, journalFileBytes: 8192 };
  const log = await settle(world, openEmbeddedLog({ world, directory: '/data', cipher, ...sizes, report: () => {} }));
  for (const shard of shards) await settle(world, log.create(shard));
  return log;
}

/** Each record says its shard and its length, so that one that is served can be told from one that is made up. */
async function append(log: ShardLog, shard: number, lengths: readonly number[]): Promise<number> {
  const records = lengths.map((length) => ({
    partitionKey: `key-${shard}`,
    data: Buffer.from(`${shard}:${length}:${'x'.repeat(length)}`),
  }));
  const outcome = await log.append(shard, records, 0);
  assert.ok(outcome !== 'closed');
  return outcome.firstIndex;
}

async function read(world: SimulatedWorld, log: ShardLog, shard: number): Promise<string[]> {
  const found: string[] = [];
  let next = 0;
  for (;;) {
    const page = await settle(world, Promise.resolve(log.read(shard, next, { maxRecords: 50, maxBytes: 10_000 })));
    for (const { index, data, partitionKey } of page.records) {
      assert.ok(index >= next, `${index} after ${next}`);
      const [from, length, rest] = data.toString().split(':');
      assert.deepEqual([from, rest, partitionKey], [String(shard), 'x'.repeat(Number(length)), `key-${shard}`]);
      next = index + 1;
      found.push(`${index} ${length}`);
    }
    next = page.nextIndex;
    if (next >= page.tailIndex) return found;
  }
}
