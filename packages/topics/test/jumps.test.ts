import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jumpsOf } from '../src/topic.ts';

test('a partition whose next record is not there goes on at its first; one that is at its end waits', () => {
  const positions = new Map([
    [0, 5n],
    [1, 5n],
    [2, 5n],
    [3, 5n],
  ]);
  const bounds = { first: [6n, 0n, 0n, 5n], end: [9n, 4n, 5n, 5n] };
  assert.deepEqual(jumpsOf(positions, [0, 1, 2, 3], bounds), [
    { partition: 0, from: 5n, to: 6n },
    // Made again since, with fewer records than it had: those are new ones.
    { partition: 1, from: 5n, to: 0n },
  ]);
});
