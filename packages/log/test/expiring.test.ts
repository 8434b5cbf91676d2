/** Readers, look-ups by time and expiry on the same segments at once, in every order that a seed draws. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEmbeddedLog } from '@millrace/log';
import { simulatedWorld } from '@millrace/world';

const hours = 6;
const perHour = 6;

test('while the oldest segments expire, readers miss nothing that is left', async () => {
  for (let seed = 1; seed <= 25; seed += 1) {
    const world = simulatedWorld(seed);
    const cipher = { seal: () => assert.fail(), open: () => assert.fail() };
    const settled = async <Result>(work: Promise<Result>): Promise<Result> => {
      let isDone = false;
      const done = work.finally(() => (isDone = true));
      await world.run({ stop: () => isDone });
      return done;
    };
    const log = await settled(
      openEmbeddedLog({ world, directory: '/log', cipher, hotBytes: 800, journalFileBytes: 65_536 }),
    );
    await log.create(1);
    const began: number[] = [];
    for (let hour = 0; hour < hours; hour += 1) {
      for (let n = 0; n < perHour; n += 1) {
        const outcome = await settled(log.append(1, [{ partitionKey: 'k', data: Buffer.alloc(300) }], 0));
        assert.ok(outcome !== 'closed');
        began[hour] ??= outcome.arrivalMs;
      }
      world.stepClock(3_700_000);
    }
    await settled(log.append(1, [{ partitionKey: 'k', data: Buffer.alloc(3000) }], 0));
    await world.run({ forMs: 1000 });
    const kept = 1 + world.draw(hours - 1);
    const from = perHour * kept;
    const trimming = (async () => {
      for (let hour = 1; hour <= kept; hour += 1) await log.trim(1, began[hour]!);
    })();
    await world.run({ forMs: world.draw(12) });
    const [page, found] = await Promise.all([
      settled(Promise.resolve(log.read(1, world.draw(from + 1), { maxRecords: 1000, maxBytes: 1 << 30 }))),
      settled(log.firstAtOrAfter(1, began[kept]!)),
      settled(trimming),
    ]);
    const indices = page.records.map(({ index }) => index).filter((index) => index >= from);
    assert.deepEqual(
      indices,
      Array.from({ length: hours * perHour + 1 - from }, (_, n) => from + n),
      `seed ${seed}`,
    );
    assert.equal(found, from, `seed ${seed}`);
    await settled(log.stop());
  }
});
