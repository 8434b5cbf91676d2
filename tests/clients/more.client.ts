/**
 * KCL in every way there is: version, polling or enhanced fan-out, CBOR or JSON, plain (HTTP/2 with prior knowledge) or TLS
 * (without ALPN). KCL 1 knows neither fan-out nor HTTP/2. kcl3.test.ts has the two that every test run has.
 */
import { test } from 'node:test';
import { kcl1, kcl2, kcl3 } from './environments.ts';
import { tellKclStory } from './kcl-story.ts';
import { tellLeaderStory, tellSharesStory, tellStreamsStory } from './shared-story.ts';

const timeout = 300_000;

for (const kcl of [kcl3, kcl2, kcl1])
  for (const mode of kcl === kcl1 ? (['polling'] as const) : (['polling', 'fanout'] as const))
    for (const isSecure of [false, true])
      for (const isCbor of [true, false]) {
        if (kcl === kcl3 && isCbor && !isSecure) continue;
        const name = `KCL ${kcl.version}, ${mode}, ${isCbor ? 'CBOR' : 'JSON'}, ${isSecure ? 'TLS' : 'plain'}`;
        test(name, { timeout }, () => tellKclStory({ kcl, mode, isCbor, isSecure }));
      }

test(`KCL ${kcl2.version} beside packages/consumer`, { timeout }, () => tellSharesStory(kcl2, ['polling']));

test(`KCL ${kcl3.version} beside packages/consumer, which it leads`, { timeout }, () => tellLeaderStory());

test(`KCL ${kcl3.version} beside packages/consumer, two streams`, { timeout }, () => tellStreamsStory());
