/** Segments, their index and the way back from them, beside an array that holds the same records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openEmbeddedLog } from '@millrace/log';
import type { ShardLog, StoredRecord } from '@millrace/log';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';

const cipher = {
  seal: (keyRef: number, plain: Uint8Array) => Buffer.from(plain.map((byte) => byte ^ keyRef)),
  open: (keyRef: number, sealed: Uint8Array) => Buffer.from(sealed.map((byte) => byte ^ keyRef)),
};

const batch = fc.record({
  records: fc.array(
    fc.record({ key: fc.string({ minLength: 1, maxLength: 20 }), size: fc.nat(4000), fill: fc.nat(255) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  ),
  keyRef: fc.constantFrom(0, 0, 7),
  pauseMs: fc.nat(3_000_000),
});
const question = fc.record({
  from: fc.nat(300),
  maxRecords: fc.integer({ min: 1, max: 200 }),
  maxBytes: fc.integer({ min: 1, max: 60_000 }),
});

/** Lets the simulated world run until the promise is settled. */
async function settled<Result>(world: SimulatedWorld, promise: Promise<Result> | Result): Promise<Result> {
  let isDone = false;
  const done = Promise.resolve(promise).finally(() => (isDone = true));
  await world.run({ stop: () => isDone });
  return done;
}

test('whatever was written, any read and any look-up by time answers as an array does, also after a restart', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 1, maxLength: 12 }),
      fc.array(question, { minLength: 1, maxLength: 8 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
      async (batches, questions, times) => {
        const world = simulatedWorld(1);
        const open = (): Promise<ShardLog> =>
          settled(
            world,
            openEmbeddedLog({ world, directory: '/log', cipher, hotBytes: 8000, journalFileBytes: 65_536 }),
          );
        let log = await open();
        await log.create(1);
        const twin: { key: string; data: Buffer; keyRef: number; arrivalMs: number }[] = [];
        for (const { records, keyRef, pauseMs } of batches) {
          world.stepClock(pauseMs);
          const incoming = records.map(({ key, size, fill }) => ({
            partitionKey: key,
            data: Buffer.alloc(size, fill),
          }));
          const outcome = await settled(world, log.append(1, incoming, keyRef));
          assert.ok(outcome !== 'closed');
          for (const { partitionKey, data } of incoming)
            twin.push({ key: partitionKey, data, keyRef, arrivalMs: outcome.arrivalMs });
        }
        for (const isRestarted of [false, true]) {
          if (isRestarted) {
            await settled(world, log.stop());
            log = await open();
            await log.create(1);
          }
          for (const { from, maxRecords, maxBytes } of questions) {
            const got = await settled(world, log.read(1, from, { maxRecords, maxBytes }));
            assert.deepEqual(got.records.map(summary), expected(twin, from, maxRecords, maxBytes));
            assert.equal(got.nextIndex, Math.min(Math.max(from, 0) + got.records.length, Math.max(from, twin.length)));
          }
          for (const fraction of times) {
            const time = Math.floor(twin[0]!.arrivalMs + fraction * (twin.at(-1)!.arrivalMs - twin[0]!.arrivalMs + 2));
            const found = twin.findIndex(({ arrivalMs }) => arrivalMs >= time);
            assert.equal(await settled(world, log.firstAtOrAfter(1, time)), found === -1 ? twin.length : found);
          }
        }
        await settled(world, log.stop());
      },
    ),
    { numRuns: 100 },
  ));

const summary = ({ index, partitionKey, data, keyRef, arrivalMs }: StoredRecord): unknown[] => [
  index,
  partitionKey,
  data.toString('hex'),
  keyRef,
  arrivalMs,
];

/** The dumb twin of a read. */
function expected(
  twin: readonly { key: string; data: Buffer; keyRef: number; arrivalMs: number }[],
  from: number,
  maxRecords: number,
  maxBytes: number,
): unknown[] {
  const found = [];
  let bytes = 0;
  for (let index = from; index < twin.length && found.length < maxRecords; index += 1) {
    const { key, data, keyRef, arrivalMs } = twin[index]!;
    bytes += data.length + Buffer.byteLength(key);
    if (found.length > 0 && bytes > maxBytes) break;
    found.push([index, key, data.toString('hex'), keyRef, arrivalMs]);
  }
  return found;
}
