import assert from 'node:assert/strict';
import type { SimulatedWorld } from '@millrace/world';

const patienceMs = 3_600_000;

/** Runs the world until a promise is settled. */
export async function settle<Result>(world: SimulatedWorld, promise: Promise<Result>): Promise<Result> {
  let isDone = false;
  const settled = (): void => void (isDone = true);
  promise.then(settled, settled);
  await world.run({ forMs: patienceMs, stop: () => isDone });
  assert.ok(isDone, 'the work is not done after an hour, or nothing is left to happen');
  return promise;
}
