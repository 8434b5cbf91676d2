import assert from 'node:assert/strict';
import type { SimulatedWorld } from '@millrace/world';

/** Runs the world until a promise is settled. */
export async function settle<Result>(world: SimulatedWorld, promise: Promise<Result>): Promise<Result> {
  let isDone = false;
  const settled = (): void => void (isDone = true);
  promise.then(settled, settled);
  await world.run({ stop: () => isDone });
  assert.ok(isDone, 'nothing is left to happen, and the work is not done');
  return promise;
}
