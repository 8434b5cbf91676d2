/** Topics of a real Kafka: what was put arrives once, in order, through new partitions, transactions and a broker that goes. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTopic } from '@millrace/topics';
import type { Positions, Topic } from '@millrace/topics';
import { startServer } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { firehoseCaller } from '../process/caller.ts';
import { startKafka } from './servers/kafka.ts';

const page = { maxBytes: 1 << 20, waitMs: 500 };

async function readAll(topic: Topic, from: Positions, count: number): Promise<{ values: string[]; next: Positions }> {
  const values: string[] = [];
  let next = from;
  for (let tries = 0; values.length < count && tries < 60; tries += 1) {
    const read = await topic.read(next, page);
    values.push(...read.records.map(({ value }) => String(value)));
    ({ next } = read);
  }
  return { values, next };
}

test(
  'a topic is read from a time on, and partitions that come later from their beginning',
  { timeout: 120_000 },
  async () => {
    const kafka = await startKafka();
    const topic = openTopic({ brokers: [kafka.bootstrap], topic: 't', clientId: 'test', lookAgainMs: 100 });
    try {
      await assert.rejects(topic.positionsAt(0));
      await kafka.createTopic('t', 2);
      const lines = (name: string): string[] =>
        Array.from({ length: 300 }, (_, number) => `k${number % 7}\t${name}${number}`);
      await kafka.produce('t', lines('a'));
      const first = await readAll(topic, await topic.positionsAt(0), 300);
      assert.deepEqual(new Set(first.values), new Set(lines('a').map((line) => line.split('\t')[1])));
      assert.equal(first.values.length, 300);
      const end = await topic.positionsAt(Date.now() + 60_000);
      assert.deepEqual(end, first.next);
      await kafka.tool('org.apache.kafka.tools.TopicCommand', [
        ...['--bootstrap-server', kafka.bootstrap, '--alter', '--topic', 't', '--partitions', '4'],
      ]);
      await kafka.produce('t', lines('b'));
      const second = await readAll(topic, first.next, 300);
      assert.deepEqual(
        second.values.toSorted(),
        lines('b')
          .map((line) => line.split('\t')[1]!)
          .toSorted(),
      );
      // The producer may not have known of the new partitions yet.
      let { next } = second;
      await untilTrue(async () => {
        ({ next } = await topic.read(next, page));
        return next.size === 4;
      }, 'the new partitions');
    } finally {
      await topic.close();
      await kafka.stop();
    }
  },
);

test(
  'Firehose reads a topic (MSKAsSource): every record arrives though the server is killed',
  { timeout: 180_000 },
  async () => {
    const kafka = await startKafka();
    const data = await mkdtemp(join(tmpdir(), 'millrace-topic-'));
    const args = ['--data', data, '--transition-ms', '0', '--topic-clusters', `main=${kafka.bootstrap}`];
    let server = await startServer(args);
    try {
      await kafka.createTopic('orders', 3);
      const call = firehoseCaller(server.endpoint);
      await call('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        DeliveryStreamType: 'MSKAsSource',
        MSKSourceConfiguration: {
          MSKClusterARN: 'arn:aws:kafka:us-east-1:000000000000:cluster/main/0-1',
          TopicName: 'orders',
          AuthenticationConfiguration: { RoleARN: 'arn:aws:iam::000000000000:role/r', Connectivity: 'PRIVATE' },
          ReadFromTimestamp: 0,
        },
        ExtendedS3DestinationConfiguration: {
          RoleARN: 'arn:aws:iam::000000000000:role/r',
          BucketARN: 'arn:aws:s3:::orders',
          BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
          ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'AppendDelimiterToRecord' }] },
        },
      });
      const lines = (name: string): string[] => Array.from({ length: 2000 }, (_, number) => `${name}-${number}`);
      await kafka.produce('orders', lines('a'));
      await untilTrue(async () => (await delivered(data)).size > 0, 'something delivered');
      await server.stop('SIGKILL');
      await kafka.produce('orders', lines('b'));
      server = await startServer(args);
      const all = [...lines('a'), ...lines('b')];
      await untilTrue(async () => {
        const arrived = await delivered(data);
        return all.every((line) => arrived.has(line));
      }, 'every record in the bucket');
      assert.equal((await delivered(data)).size, all.length);
    } finally {
      assert.equal(await server.stop(), 0, server.log());
      await kafka.stop();
      await rm(data, { recursive: true, force: true });
    }
  },
);

async function delivered(data: string): Promise<Set<string>> {
  const folder = join(data, 'buckets/orders');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')));
  return new Set(texts.flatMap((text) => text.trimEnd().split('\n')));
}
