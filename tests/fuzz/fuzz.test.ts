/** Structure-aware inputs for everything that reads what others wrote. MILLRACE_CASES says how many of each (4,000 where nothing is said). */
import { test } from 'node:test';
import { forEachSeed } from '../simulation/seeds.ts';

const casesPerSeed = 1000;
const filesPerSeed = 100;
const { MILLRACE_CASES: cases = '4000', MILLRACE_FUZZ_SEED: seed } = process.env;

const seeds = (count: number): { first: number; last: number; again: string } => ({
  ...(seed === undefined ? { first: 1, last: Math.ceil(count) } : { first: Number(seed), last: Number(seed) }),
  again: 'npm run fuzz -- --seed',
});

test('no request is more than refused', () =>
  forEachSeed('../fuzz/requests-story.ts', seeds(Number(cases) / casesPerSeed)));

test('no reader of strangers’ bytes fails or believes what was altered', () =>
  forEachSeed('../fuzz/readers-story.ts', seeds(Number(cases) / casesPerSeed)));

test('no altered file of the log keeps it from opening or serves what was not written', () =>
  forEachSeed('../fuzz/files-story.ts', seeds(Number(cases) / filesPerSeed / 10)));
