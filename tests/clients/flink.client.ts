/** Flink with its Kinesis connector: exactly once, whatever fails; MILLRACE_LONG=1 adds twelve minutes of enhanced fan-out. */
import { before, test } from 'node:test';
import { flink, javaClassPath } from './environments.ts';
import { tellFlinkStory, tellLongFlinkStory } from './flink-story.ts';

const timeout = 300_000;
const title = `Flink ${flink.version}, connector 4.3.0-1.19`;

// Fetching it is no test's time.
before(() => javaClassPath(flink));

for (const [scheme, over] of [
  ['http', 'plain'],
  ['https', 'TLS'],
] as const) {
  test(`${title}, polling, ${over}: exactly once through failures and reshards`, { timeout }, () =>
    tellFlinkStory({ mode: 'polling', scheme }),
  );
  test(`${title}, fan-out of 10 s, ${over}: exactly once through failures and reshards`, { timeout }, () =>
    tellFlinkStory({ mode: 'fanout', scheme, subscriptionMs: 10_000 }),
  );
  test(`${title}, KinesisStreamsSource and Sink, ${over}: exactly once through failures`, { timeout }, () =>
    tellFlinkStory({ mode: 'source', scheme, hasAggregated: false, hasSink: true }),
  );
}

if (process.env['MILLRACE_LONG'] === '1')
  test(`${title}, fan-out, twelve minutes: exactly once, no failure`, { timeout: 900_000 }, tellLongFlinkStory);
