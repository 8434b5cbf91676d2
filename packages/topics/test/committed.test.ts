import assert from 'node:assert/strict';
import { test } from 'node:test';
import { committedBatches } from '../src/committed.ts';
import type { Partition } from '../src/committed.ts';

type Batch = NonNullable<Partition['records']>[number];

const plain = 0;
const transactional = 0x10;
const control = 0x30;

function batch(firstOffset: number, attributes: number, producerId: number, marker?: 'abort' | 'commit'): Batch {
  const key = Buffer.from([0, 0, 0, marker === 'commit' ? 1 : 0]);
  const records = [{ offsetDelta: 0, timestampDelta: 0n, key, value: Buffer.from('v') }];
  return {
    firstOffset: BigInt(firstOffset),
    lastOffsetDelta: 0,
    attributes,
    producerId: BigInt(producerId),
    records,
  } as Batch;
}

function offsets(records: Batch[], aborted: readonly (readonly [producerId: number, firstOffset: number])[]): number[] {
  const abortedTransactions = aborted.map(([producerId, firstOffset]) => ({
    producerId: BigInt(producerId),
    firstOffset: BigInt(firstOffset),
  }));
  return committedBatches({ records, abortedTransactions } as unknown as Partition).map(({ firstOffset }) =>
    Number(firstOffset),
  );
}

test('what aborted transactions wrote is passed over, until their markers; markers are no records', () => {
  const records = [
    batch(0, plain, -1),
    batch(1, transactional, 7),
    batch(2, transactional, 8),
    batch(3, control, 7, 'abort'),
    batch(4, transactional, 7),
    batch(5, control, 8, 'commit'),
    batch(6, control, 7, 'commit'),
    batch(7, plain, 7),
  ];
  assert.deepEqual(offsets(records, [[7, 1]]), [0, 2, 4, 7]);
  assert.deepEqual(offsets(records, []), [0, 1, 2, 4, 7]);
});

test('transactions are told in any order, and may begin before the page', () => {
  const records = [
    batch(10, transactional, 1),
    batch(11, transactional, 2),
    batch(12, control, 1, 'abort'),
    batch(13, transactional, 1),
  ];
  assert.deepEqual(
    offsets(records, [
      [2, 11],
      [1, 3],
    ]),
    [13],
  );
});

test('a page without records', () => {
  assert.deepEqual(committedBatches({ records: null, abortedTransactions: null } as unknown as Partition), []);
});
