/**
 * An unmodified KCL 3 (Java) with two workers reads a stream through a split and a merge: every record at least once,
 * in order per key, and every closed shard reaches its end. Leases and metrics stand on the server's own port. Some records travel
 * aggregated, as the KPL sends them: KCL takes them apart.
 */
import { Kinesis } from '@aws-sdk/client-kinesis';
import { aggregate } from '@millrace/aggregation';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { endProcess, javaClassPath, untilTrue } from './environments.ts';
import { startKclWorker } from './kcl-worker.ts';

const keys = 40;
const recordsPerKey = 50;

interface Seen {
  readonly ordinals: Map<string, number[]>;
  readonly ended: Set<string>;
  readonly workersWithRecords: Set<number>;
  /** Second user records of aggregated records. */
  aggregated: number;
  log: string;
}

for (const mode of ['polling', 'fanout'] as const) {
  test(
    `KCL 3, ${mode}: two workers, a split and a merge under load, every record in order`,
    { timeout: 240_000 },
    async () => {
      const [server, classPath] = await Promise.all([startServer([]), javaClassPath()]);
      const client = new Kinesis({
        endpoint: server.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      });
      const seen: Seen = {
        ordinals: new Map(),
        ended: new Set(),
        workersWithRecords: new Set(),
        aggregated: 0,
        log: '',
      };
      const workers: ChildProcess[] = [];
      try {
        await client.createStream({ StreamName: 'events', ShardCount: 2 });
        await active(client);
        const worker = (id: number): ChildProcess =>
          startWorker([classPath, server.endpoint, `app-${mode}`, mode], id, seen);
        workers.push(worker(0));
        await put(client, 0, 10);
        await untilTrue(() => seen.ordinals.size === keys, `the first records; workers said:\n${seen.log}`);
        workers.push(worker(1));
        await put(client, 10, 20);
        await client.splitShard({
          StreamName: 'events',
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: String(2n ** 126n),
        });
        await put(client, 20, 30);
        await active(client);
        await client.mergeShards({
          StreamName: 'events',
          ShardToMerge: 'shardId-000000000003',
          AdjacentShardToMerge: 'shardId-000000000001',
        });
        await put(client, 30, recordsPerKey);
        await active(client);
        await untilTrue(() => complete(seen), 'every record').catch((error: unknown) =>
          assert.fail(`${String(error)}\n${summary(seen)}`),
        );
        await untilTrue(() => seen.ended.size === 3, 'the ends of shards 0, 1 and 3').catch((error: unknown) =>
          assert.fail(`${String(error)}: ${[...seen.ended].join(' ')}\n${seen.log.slice(-4000)}`),
        );
        for (const [key, ordinals] of seen.ordinals) {
          // At least once: after a lease moved, a worker may start again at the last checkpoint. First sights must be in order.
          const firsts = ordinals.filter((ordinal, index) => ordinals.indexOf(ordinal) === index);
          assert.deepEqual(firsts, [...Array(recordsPerKey).keys()], `key ${key}`);
        }
        assert.ok(seen.aggregated >= (keys * recordsPerKey) / 2, `${seen.aggregated} parts of aggregated records`);
        await untilTrue(
          async () => (await metricsOf(server.endpoint, `app-${mode}`)).includes('RecordsProcessed'),
          'metrics',
        );
        assert.deepEqual([...seen.ended].toSorted(), [
          'shardId-000000000000',
          'shardId-000000000001',
          'shardId-000000000003',
        ]);
      } finally {
        await Promise.all(workers.map(endProcess));
        client.destroy();
        await server.stop();
      }
    },
  );
}

/** What the workers have told CloudWatch, by the query protocol. */
async function metricsOf(endpoint: string, namespace: string): Promise<string> {
  const body = new URLSearchParams({ Action: 'ListMetrics', Version: '2010-08-01', Namespace: namespace });
  return (await fetch(endpoint, { method: 'POST', body })).text();
}

function startWorker(
  [classPath, endpoint, application, mode]: readonly string[],
  id: number,
  seen: Seen,
): ChildProcess {
  return startKclWorker(
    classPath!,
    { endpoint: endpoint!, application: application!, modes: [mode!] },
    {
      onLog: (text) => (seen.log = (seen.log + text).slice(-20_000)),
      onLine([kind, shard, , key, text]) {
        if (kind === 'END') seen.ended.add(shard!);
        if (kind !== 'RECORD') return;
        seen.workersWithRecords.add(id);
        // The second user record of an aggregated one.
        if (text!.endsWith('+')) {
          seen.aggregated += 1;
          return;
        }
        const ordinals = seen.ordinals.get(key!) ?? [];
        ordinals.push(Number(text));
        seen.ordinals.set(key!, ordinals);
      },
    },
  );
}

async function put(client: Kinesis, from: number, to: number): Promise<void> {
  for (let ordinal = from; ordinal < to; ordinal += 1) {
    const users = Array.from({ length: keys }, (_, key) => ({
      partitionKey: `key-${key}`,
      data: Buffer.from(String(ordinal)),
    }));
    // Every second time aggregated, each key in a record of its own: its user records then stay in its shard.
    const sent =
      ordinal % 2 === 0
        ? users
        : users.flatMap((user) => [...aggregate([user, { ...user, data: Buffer.from(`${ordinal}+`) }])]);
    const records = sent.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data }));
    const answer = await client.putRecords({ StreamName: 'events', Records: records });
    assert.equal(answer.FailedRecordCount ?? 0, 0);
  }
}

async function active(client: Kinesis): Promise<void> {
  await untilTrue(async () => {
    const { StreamDescriptionSummary: summary } = await client.describeStreamSummary({ StreamName: 'events' });
    return summary?.StreamStatus === 'ACTIVE';
  }, 'the stream to be ACTIVE');
}

function complete(seen: Seen): boolean {
  return (
    seen.ordinals.size === keys &&
    [...seen.ordinals.values()].every((ordinals) => new Set(ordinals).size === recordsPerKey)
  );
}

function summary(seen: Seen): string {
  const missing = [...seen.ordinals].filter(([, ordinals]) => new Set(ordinals).size < recordsPerKey);
  return `${missing.length} keys incomplete: ${missing.map(([key, ordinals]) => `${key}:${new Set(ordinals).size}`).join(' ')}\n${seen.log.slice(-4000)}`;
}
