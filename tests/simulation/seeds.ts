import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** What a worker is told: the story's module, and that it runs every `step`-th seed from `first` to `last`. */
export interface SeedRange {
  readonly story: string;
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** The command that runs one seed again, but for its number. */
  readonly again: string;
}

/** Which seeds to run, by default those that the simulation's variables say. */
export interface Seeds {
  readonly first: number;
  readonly last: number;
  readonly again: string;
}

/** The seeds of a simulation: MILLRACE_SEED alone, or the first MILLRACE_SEEDS (200 where nothing is said). */
function simulated(): Seeds {
  const { MILLRACE_SEED: one, MILLRACE_SEEDS: count = '200' } = process.env;
  const range = one === undefined ? { first: 1, last: Number(count) } : { first: Number(one), last: Number(one) };
  return { ...range, again: 'npm run simulate -- --seed' };
}

/**
 * Runs a story (a module that exports `story(seed)`) for every seed, on all cores; a failure says how to see it again. In
 * workers, because node:test watches every promise of its own thread: half of a story's time.
 */
export async function forEachSeed(story: string, { first, last, again }: Seeds = simulated()): Promise<void> {
  const step = Math.min(availableParallelism(), last - first + 1);
  const workers: Worker[] = [];
  try {
    await Promise.all(
      Array.from({ length: step }, (_, offset) => {
        const range: SeedRange = { story, first: first + offset, last, step, again };
        const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), { workerData: range });
        workers.push(worker);
        return new Promise<void>((resolve, reject) => {
          worker.once('error', reject);
          worker.once('exit', () => resolve());
        });
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
