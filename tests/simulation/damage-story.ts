/**
 * The shard log on a disk whose bits change by themselves, in any file of it. What stood there may be lost, but then it is told;
 * nothing altered and nothing invented is ever served, order stays, and what lies elsewhere is still there: opening never fails,
 * and what is written afterwards is kept. A segment and its index are not hit both: which of the torn bytes at a segment's end
 * were ever synced only the index knows. Nor are two files of the journal.
 */
import assert from 'node:assert/strict';
import { openEmbeddedLog } from '@millrace/log';
import type { ShardLog } from '@millrace/log';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { settle } from './settle.ts';

const shard = 1;
const cipher = {
  seal: (): Buffer => assert.fail('nothing is sealed here'),
  open: (): Buffer => assert.fail('an altered header was believed'),
};

interface Story {
  readonly world: SimulatedWorld;
  readonly reports: string[];
  /** By index: what was acknowledged. */
  readonly acknowledged: Map<number, string>;
  /** The first index of the last append. */
  last: number;
  texts: number;
}

export async function story(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const it: Story = { world, reports: [], acknowledged: new Map(), last: 0, texts: 0 };
  await append(it, await open(it), 20 + world.draw(60));
  for (let life = 0; life < 3; life += 1) {
    world.crash();
    const hit = damage(world);
    it.reports.length = 0;
    const log = await open(it);
    await check(it, log, hit);
    await append(it, log, 20 + world.draw(30));
    await check(it, log, hit);
  }
}

function damage(world: SimulatedWorld): string {
  const hit = new Set<string>();
  const twin = (path: string): string => path.replace(/(seg|idx)$/, (kind) => (kind === 'seg' ? 'idx' : 'seg'));
  for (let left = 1 + world.draw(3); left > 0; left -= 1) {
    const path = world.disk.rot((candidate) =>
      candidate.includes('/segments/')
        ? !hit.has(twin(candidate))
        : ![...hit].some((path) => path.includes('/journal/')),
    );
    if (path !== undefined) hit.add(path);
  }
  return [...hit].join(' ');
}

function open({ world, reports }: Story): Promise<ShardLog> {
  const report = (message: string): void => void reports.push(message);
  const sizes = { hotBytes: 6000, journalFileBytes: 8192 };
  return settle(world, openEmbeddedLog({ world, directory: '/data', cipher, ...sizes, report })).then(async (log) => {
    await log.create(shard);
    return log;
  });
}

async function append(it: Story, log: ShardLog, count: number): Promise<void> {
  const { world, acknowledged } = it;
  for (let n = 0; n < count; n += 1) {
    const texts = Array.from({ length: 1 + world.draw(4) }, () => `text-${it.texts++}-${'x'.repeat(world.draw(200))}`);
    const records = texts.map((text) => ({ partitionKey: 'k', data: Buffer.from(text) }));
    const outcome = await settle(world, log.append(shard, records, 0));
    assert.ok(outcome !== 'closed');
    it.last = outcome.firstIndex;
    for (const [at, text] of texts.entries()) {
      assert.ok(!acknowledged.has(outcome.firstIndex + at), 'an index is given out twice');
      acknowledged.set(outcome.firstIndex + at, text);
    }
  }
}

async function check({ world, reports, acknowledged, last }: Story, log: ShardLog, hit: string): Promise<void> {
  const found = new Map<number, string>();
  let next = 0;
  for (;;) {
    const page = await settle(world, Promise.resolve(log.read(shard, next, { maxRecords: 50, maxBytes: 10_000 })));
    for (const { index, data } of page.records) {
      assert.ok(index >= next, `${hit}: ${index} after ${next}`);
      assert.equal(data.toString(), acknowledged.get(index), `${hit}: ${index} is altered`);
      next = index + 1;
      found.set(index, data.toString());
    }
    next = page.nextIndex;
    if (next >= page.tailIndex) break;
  }
  // Damage in the very last write looks like one that a crash tore, which nobody was told is stored.
  const lost = [...acknowledged.keys()].filter((index) => !found.has(index) && index < last);
  assert.ok(lost.length === 0 || reports.length > 0, `${hit}: ${lost.length} records are lost and nobody was told`);
  // What is lost stays lost: the next life has new damage to tell of.
  for (const index of acknowledged.keys()) if (!found.has(index)) acknowledged.delete(index);
}
