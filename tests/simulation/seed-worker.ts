import { workerData } from 'node:worker_threads';
import type { SeedRange } from './seeds.ts';

const { story, first, last, step, again } = workerData as SeedRange;
const told = (await import(story)) as { story(seed: number): Promise<void> };

for (let seed = first; seed <= last; seed += step) {
  try {
    await told.story(seed);
  } catch (error) {
    throw new Error(`seed ${seed} fails (${again} ${seed}): ${(error as Error).message}`, {
      cause: error,
    });
  }
}
