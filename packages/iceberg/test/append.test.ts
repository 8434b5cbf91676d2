/** Deliveries are in a table once, whatever becomes of commits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { simulatedWorld } from '@millrace/world';
import type { SimulatedWorld } from '@millrace/world';
import { readContainer } from '../src/avro/container.ts';
import { deliveryProperty, IcebergError, RestCatalog, TableAppender } from '../src/index.ts';
import type { AppendResult } from '../src/index.ts';
import { readManifestList } from '../src/manifests/manifest-list.ts';
import { lineFormats } from './line-formats.ts';
import { memoryCatalog, memoryFiles } from './memory-catalog.ts';
import type { Fate, MemoryCatalog, MemoryFiles } from './memory-catalog.ts';

const never = new AbortController().signal;
const table = { namespace: ['shop'], name: 'orders' };
const schema = { type: 'struct', fields: [{ id: 1, name: 'id', required: true, type: 'long' }] };

interface SnapshotJson {
  /** JSON has numbers below 2^53 as numbers. */
  readonly 'snapshot-id': bigint | number;
  readonly summary: Readonly<Record<string, string>>;
}

/** What every data file of the table's snapshot holds. */
function rowsOf(catalog: MemoryCatalog, files: MemoryFiles): number[] {
  const metadata = catalog.metadata('orders');
  const main = (metadata['refs'] as Record<string, Record<string, unknown>>)['main']?.['snapshot-id'];
  const snapshots = metadata['snapshots'] as Record<string, unknown>[];
  const snapshot = snapshots.find((one) => one['snapshot-id'] === main);
  if (snapshot === undefined) return [];
  const manifests = readManifestList(files.stored.get(String(snapshot['manifest-list']))!);
  return manifests
    .flatMap(({ manifest_path: path }) => readContainer(files.stored.get(String(path))!, (same) => same).records)
    .map((entry) => (entry as { data_file: { file_path: string } }).data_file.file_path)
    .flatMap((path) => files.stored.get(path)!.toString().trimEnd().split('\n').map(Number))
    .sort((a, b) => a - b);
}

/** Runs the world until the promise is settled. */
async function within<Value>(world: SimulatedWorld, promise: Promise<Value>): Promise<Value> {
  let isDone = false;
  const done = promise.finally(() => (isDone = true));
  done.catch(() => undefined);
  while (!isDone) await world.run({ forMs: 60_000, stop: () => isDone });
  return await done;
}

interface Room {
  readonly world: SimulatedWorld;
  readonly catalog: MemoryCatalog;
  readonly files: MemoryFiles;
  appender(mostAttempts?: number): TableAppender;
}

async function openRoom(seed: number, formatVersion = 2): Promise<Room> {
  const world = simulatedWorld(seed);
  const catalog = memoryCatalog(formatVersion);
  const files = memoryFiles();
  const client = (): RestCatalog => new RestCatalog({ url: 'http://catalog/' }, catalog.sender, world);
  await client().createTable({ ...table, schema }, never);
  return {
    world,
    catalog,
    files,
    appender: (mostAttempts) =>
      new TableAppender({ catalog: client(), files, formats: lineFormats, world, mostAttempts }),
  };
}

/** As Firehose does: again and again, each time by a process that knows of nothing but the records. */
async function deliver(room: Room, deliveryId: string, records: Buffer[]): Promise<AppendResult> {
  for (;;) {
    try {
      return await room.appender(3).append({ table, deliveryId, records, signal: never });
    } catch (error) {
      assert.ok(error instanceof IcebergError && error.isRetryable, String(error));
    }
  }
}

const fates = fc.array(fc.constantFrom<Fate>('answered', 'made', 'lost', 'later', 'broken', 'busy'), {
  maxLength: 25,
  size: 'max',
});

for (const formatVersion of [1, 2])
  test(`each delivery once, format version ${formatVersion}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fates,
        fc.array(fc.boolean(), { maxLength: 60, size: 'max' }),
        async (seed, planned, arrivals) => {
          const room = await openRoom(seed, formatVersion);
          const { catalog, files, world } = room;
          const left = [...planned];
          const arriving = [...arrivals];
          catalog.fateOf = () => left.shift() ?? 'answered';
          // What is still under way comes at any time, but always in the end.
          catalog.before = () => {
            if (arriving.shift() ?? true) catalog.arrive();
          };
          const results = await within(
            world,
            Promise.all(
              ['a', 'b', 'c'].map((id, index) =>
                deliver(room, id, [Buffer.from(`${index * 2}`), Buffer.from(id), Buffer.from(`${index * 2 + 1}`)]),
              ),
            ),
          );
          catalog.arrive();
          assert.deepEqual(rowsOf(catalog, files), [0, 1, 2, 3, 4, 5]);
          const snapshots = catalog.metadata('orders')['snapshots'] as SnapshotJson[];
          const deliveries = new Map(snapshots.map((one) => [one.summary[deliveryProperty], one['snapshot-id']]));
          assert.deepEqual([snapshots.length, deliveries.size], [3, 3]);
          for (const [index, { failed, snapshotId }] of results.entries()) {
            assert.deepEqual(failed, [{ index: 1, errorCode: 'Test.NoNumber', errorMessage: 'abc'[index] }]);
            assert.equal(BigInt(deliveries.get('abc'[index])!), snapshotId);
          }
          assert.equal(snapshots.at(-1)!.summary['total-records'], '6');
        },
      ),
      { numRuns: 60 },
    );
  });

test('a table without a fitting record gets no snapshot', async () => {
  const { appender, catalog, files, world } = await openRoom(1);
  const append = { table, deliveryId: 'a', records: [Buffer.from('x')], signal: never };
  const { failed, snapshotId } = await within(world, appender().append(append));
  assert.deepEqual([failed.length, snapshotId], [1, undefined]);
  assert.deepEqual([rowsOf(catalog, files), files.stored.size], [[], 0]);
});

test('a clock that stepped back', async () => {
  const { appender, catalog, files, world } = await openRoom(1);
  const append = (deliveryId: string): Promise<AppendResult> =>
    within(world, appender().append({ table, deliveryId, records: [Buffer.from(deliveryId)], signal: never }));
  await append('1');
  world.stepClock(-86_400_000);
  await append('2');
  assert.deepEqual(rowsOf(catalog, files), [1, 2]);
});

test('a table that is made anew meanwhile', async () => {
  const { appender, catalog, world } = await openRoom(1);
  catalog.fateOf = () => {
    catalog.metadata('orders')['table-uuid'] = 'another';
    return 'answered';
  };
  const append = { table, deliveryId: 'a', records: [Buffer.from('1')], signal: never };
  await assert.rejects(within(world, appender().append(append)), /made anew/);
  assert.deepEqual(catalog.metadata('orders')['snapshots'], []);
});

test('a catalog that refuses is not asked again', async () => {
  const { appender, catalog, world } = await openRoom(1);
  const append = { table, deliveryId: 'a', records: [Buffer.from('1')], signal: never };
  let commits = 0;
  const { send } = catalog.sender;
  catalog.sender.send = async (request) => {
    if (!request.url.endsWith('/orders') || request.method === 'GET') return await send(request);
    commits += 1;
    return { status: 403, body: '{"error":{"message":"no"}}' };
  };
  await assert.rejects(within(world, appender().append(append)), { code: 'Glue.AccessDenied', isRetryable: false });
  assert.equal(commits, 1);
});
