/** The seeds of a run: MILLRACE_SEED alone, or the first MILLRACE_SEEDS (200 where nothing is said). */
export function seeds(): number[] {
  const { MILLRACE_SEED: one, MILLRACE_SEEDS: count = '200' } = process.env;
  return one === undefined ? Array.from({ length: Number(count) }, (_, seed) => seed + 1) : [Number(one)];
}

/** Runs a story for every seed; a failure says how to see it again. */
export async function forEachSeed(story: (seed: number) => Promise<void>): Promise<void> {
  for (const seed of seeds()) {
    try {
      await story(seed);
    } catch (error) {
      throw new Error(`seed ${seed} fails (npm run simulate -- --seed ${seed}): ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
