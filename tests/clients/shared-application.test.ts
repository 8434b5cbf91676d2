/** A worker in Java (KCL 3) and one in Node of one application; `npm run clients` has more of them. */
import { test } from 'node:test';
import { kcl3 } from './environments.ts';
import { tellSharesStory } from './shared-story.ts';

test(
  `KCL ${kcl3.version} as KCL 2 and Node take their share, and each goes on for the other`,
  { timeout: 300_000 },
  () => tellSharesStory(kcl3, ['polling', '2x']),
);
