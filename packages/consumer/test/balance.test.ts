import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wantedLeases } from '../src/balance.ts';
import type { Lease } from '@millrace/consumer';

interface Fleet {
  readonly leases: Lease[];
  readonly workers: readonly string[];
}

function leaseOf(number: number, throughputKBps: number | undefined, owner?: string): Lease {
  const shardId = `shardId-${String(number).padStart(12, '0')}`;
  return {
    ...{ leaseKey: shardId, shardId, stream: undefined, owner, checkpointOwner: undefined, counter: 0, tip: undefined },
    ...{ checkpoint: { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 }, throughputKBps },
    ...{ parentShardIds: [], hashKeyRange: undefined },
  };
}

/** Every worker looks once; what it wants it gets. Answers how many leases found a new owner. */
function lookOnce({ leases, workers }: Fleet): number {
  let moves = 0;
  for (const workerId of workers) {
    const { take, ask } = wantedLeases(leases, {
      workerId,
      isOver: () => true,
      isExpired: () => false,
      isRecent: () => false,
      draw: (end) => end - 1,
    });
    for (const lease of [...take, ...(ask ? [ask] : [])]) {
      moves += 1;
      leases[leases.indexOf(lease)] = { ...lease, owner: workerId };
    }
  }
  return moves;
}

const throughputs = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 });

test('leases come to rest, from wherever they were, all of them taken', () => {
  fc.assert(
    fc.property(
      throughputs,
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.nat(8), { minLength: 40, maxLength: 40 }),
      (all, count, owners) => {
        const workers = Array.from({ length: count }, (_, worker) => `worker-${worker}`);
        const leases = all.map((throughput, number) => leaseOf(number, throughput, workers[owners[number]!]));
        const fleet = { leases, workers };
        let moves = 0;
        for (let look = 0, moved = 1; look < 200 && moved > 0; look += 1) moves += moved = lookOnce(fleet);
        assert.ok(leases.every(({ owner }) => owner !== undefined));
        assert.equal(lookOnce(fleet), 0, 'still moving');
        assert.ok(moves <= 3 * leases.length, `${moves} moves of ${leases.length} leases`);
      },
    ),
    { numRuns: 200 },
  );
});

test('shards that are alike are shared by number', () => {
  for (const [shards, count, expected] of [
    [12, 3, [4, 4, 4]],
    [10, 4, [2, 2, 3, 3]],
    [3, 4, [0, 1, 1, 1]],
  ] as const) {
    const workers = Array.from({ length: count }, (_, worker) => `worker-${worker}`);
    const leases = Array.from({ length: shards }, (_, number) => leaseOf(number, undefined, 'worker-0'));
    const fleet = { leases, workers };
    for (let look = 0; look < 50; look += 1) lookOnce(fleet);
    const counts = workers.map((worker) => leases.filter(({ owner }) => owner === worker).length);
    assert.deepEqual(
      counts.toSorted((a, b) => a - b),
      expected,
    );
  }
});

test('a hot shard stands against several cold ones', () => {
  const workers = ['worker-0', 'worker-1'];
  const leases = [1000, 10, 10, 10, 10, 10].map((throughput, number) =>
    leaseOf(number, throughput, number < 3 ? 'worker-0' : 'worker-1'),
  );
  const fleet = { leases, workers };
  for (let look = 0; look < 20; look += 1) lookOnce(fleet);
  const { owner } = leases[0]!;
  assert.equal(leases.filter((lease) => lease.owner === owner).length, 1);
});

test('loads that go up and down by a twentieth move next to nothing once leases have come to rest', () => {
  const noise = fc.array(fc.double({ min: 0.95, max: 1.05, noNaN: true }), { minLength: 2000, maxLength: 2000 });
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1, max: 50, noNaN: true }), { minLength: 6, maxLength: 20 }),
      noise,
      (all, factors) => {
        const workers = ['worker-0', 'worker-1', 'worker-2'];
        const leases = all.map((throughput, number) => leaseOf(number, throughput, 'worker-0'));
        const fleet = { leases, workers };
        for (let look = 0; look < 40; look += 1) lookOnce(fleet);
        let moves = 0;
        for (let look = 0; look < 100; look += 1) {
          for (const [number, lease] of leases.entries())
            leases[number] = {
              ...lease,
              throughputKBps: all[number]! * factors[(look * all.length + number) % factors.length]!,
            };
          moves += lookOnce(fleet);
        }
        // A few that stood on the edge; not one of them to and fro.
        assert.ok(moves <= 4, `${moves} moves of ${leases.length} leases in 100 looks`);
      },
    ),
    { numRuns: 20 },
  );
});
