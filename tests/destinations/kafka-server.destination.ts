/** Kafka itself, by its own tools. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startKafka } from './servers/kafka.ts';

test('Kafka keeps records by key, also when it starts again', { timeout: 300_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  try {
    const first = await startKafka({ directory });
    const lines = Array.from({ length: 50 }, (_, number) => `key-${number % 5}\tvalue ${number}`);
    try {
      await first.createTopic('readings', 3);
      await first.produce('readings', lines);
    } finally {
      await first.stop();
    }
    const second = await startKafka({ directory, ports: first.ports });
    try {
      const consumed = await second.consume('readings', lines.length);
      assert.deepEqual(consumed.toSorted(), lines.toSorted());
      for (let key = 0; key < 5; key += 1) {
        const ofKey = (line: string): boolean => line.startsWith(`key-${key}\t`);
        assert.deepEqual(consumed.filter(ofKey), lines.filter(ofKey));
      }
    } finally {
      await second.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
