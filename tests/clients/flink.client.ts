/** Flink with its Kinesis connector: exactly once, whatever fails; MILLRACE_LONG=1 adds twelve minutes of enhanced fan-out. */
import { test } from 'node:test';
import { flink } from './environments.ts';
import { tellFlinkStory, tellLongFlinkStory } from './flink-story.ts';

const timeout = 300_000;
const what = 'exactly once through a failure, a split, kill -9 and a merge';

for (const scheme of ['http', 'https'] as const) {
  const over = scheme === 'http' ? 'plain' : 'TLS';
  test(`Flink ${flink.version}, FlinkKinesisConsumer 4.3.0-1.19, polling, ${over}: ${what}`, { timeout }, () =>
    tellFlinkStory({ mode: 'polling', scheme }),
  );
  test(`Flink ${flink.version}, FlinkKinesisConsumer 4.3.0-1.19, fan-out of 10 s, ${over}: ${what}`, { timeout }, () =>
    tellFlinkStory({ mode: 'fanout', scheme, subscriptionMs: 10_000 }),
  );
  test(
    `Flink ${flink.version}, KinesisStreamsSource to KinesisStreamsSink 4.3.0-1.19, ${over}: exactly once into state, once at least into a stream, through both failures`,
    { timeout },
    () => tellFlinkStory({ mode: 'source', scheme, hasAggregated: false, hasSink: true }),
  );
}

test(
  `Flink ${flink.version}, FlinkKinesisConsumer 4.3.0-1.19, fan-out, twelve minutes with a split and a merge`,
  { timeout: 900_000, skip: process.env['MILLRACE_LONG'] !== '1' && 'MILLRACE_LONG=1 runs it' },
  () => tellLongFlinkStory(),
);
