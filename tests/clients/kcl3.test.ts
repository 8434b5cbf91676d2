/** KCL 3, with CBOR as it comes; `npm run clients` has more of KCL. */
import { test } from 'node:test';
import { kcl3 } from './environments.ts';
import { tellKclStory } from './kcl-story.ts';

for (const mode of ['polling', 'fanout'] as const)
  test(
    `KCL ${kcl3.version}, ${mode}: two workers, a split and a merge under load, every record in order`,
    { timeout: 240_000 },
    () => tellKclStory({ kcl: kcl3, mode }),
  );
