/** Clients that take longer than every test run should: other versions of KCL, and KCL without CBOR. */
import { test } from 'node:test';
import { kcl1, kcl2, kcl3 } from './environments.ts';
import { tellKclStory } from './kcl-story.ts';
import { tellLeaderStory, tellSharesStory, tellStreamsStory } from './shared-story.ts';

const timeout = 300_000;

for (const mode of ['polling', 'fanout'] as const) {
  test(`KCL ${kcl2.version}, ${mode}`, { timeout }, () => tellKclStory({ kcl: kcl2, mode }));
  test(`KCL ${kcl3.version}, ${mode}, without CBOR`, { timeout }, () =>
    tellKclStory({ kcl: kcl3, mode, properties: ['-Daws.cborEnabled=false'] }),
  );
}

test(`KCL ${kcl1.version}, polling`, { timeout }, () =>
  tellKclStory({ kcl: kcl1, mode: 'polling', main: 'Kcl1Worker', hasMetrics: false }),
);

test(`KCL ${kcl1.version}, polling, without CBOR`, { timeout }, () =>
  tellKclStory({
    kcl: kcl1,
    mode: 'polling',
    main: 'Kcl1Worker',
    properties: ['-Dcom.amazonaws.sdk.disableCbor=true'],
    hasMetrics: false,
  }),
);

test(`KCL ${kcl2.version} beside packages/consumer`, { timeout }, () => tellSharesStory(kcl2, ['polling']));

test(`KCL ${kcl3.version} beside packages/consumer, which it leads`, { timeout }, () => tellLeaderStory());

test(`KCL ${kcl3.version} beside packages/consumer, two streams`, { timeout }, () => tellStreamsStory());
