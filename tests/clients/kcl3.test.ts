/**
 * An unmodified KCL 3 (Java) with two workers reads a stream through a split and a merge: every record at least once,
 * in order per key, and every closed shard reaches its end. Leases stand in moto's DynamoDB.
 */
import { Kinesis } from '@aws-sdk/client-kinesis';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { endProcess, javaClassPath, startMoto, untilTrue } from './environments.ts';

const keys = 40;
const recordsPerKey = 50;

interface Seen {
  readonly ordinals: Map<string, number[]>;
  readonly ended: Set<string>;
  readonly workersWithRecords: Set<number>;
  log: string;
}

for (const mode of ['polling', 'fanout'] as const) {
  test(
    `KCL 3, ${mode}: two workers, a split and a merge under load, every record in order`,
    { timeout: 240_000 },
    async () => {
      const [server, moto, classPath] = await Promise.all([startServer([]), startMoto(), javaClassPath()]);
      const client = new Kinesis({
        endpoint: server.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      });
      const seen: Seen = { ordinals: new Map(), ended: new Set(), workersWithRecords: new Set(), log: '' };
      const workers: ChildProcess[] = [];
      try {
        await client.createStream({ StreamName: 'events', ShardCount: 2 });
        await active(client);
        const worker = (id: number): ChildProcess =>
          startWorker([classPath, server.endpoint, moto.endpoint, `app-${mode}`, mode], id, seen);
        // The second joins when the first has its leases: two that create the lease table in the same instant is moto's trouble.
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
        assert.deepEqual([...seen.ended].toSorted(), [
          'shardId-000000000000',
          'shardId-000000000001',
          'shardId-000000000003',
        ]);
      } finally {
        await Promise.all(workers.map(endProcess));
        client.destroy();
        await Promise.all([server.stop(), moto.stop()]);
      }
    },
  );
}

function startWorker(
  [classPath, kinesis, dynamo, application, mode]: readonly string[],
  id: number,
  seen: Seen,
): ChildProcess {
  const child = spawn(
    'java',
    [
      '-Xmx256m',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      classPath!,
      'KclWorker',
      kinesis!,
      dynamo!,
      'events',
      application!,
      mode!,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stderr.setEncoding('utf8').on('data', (text: string) => (seen.log = (seen.log + text).slice(-20_000)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [kind, shard, , key, ordinal] = line.split(' ');
    if (kind === 'END') seen.ended.add(shard!);
    if (kind !== 'RECORD') return;
    seen.workersWithRecords.add(id);
    const ordinals = seen.ordinals.get(key!) ?? [];
    ordinals.push(Number(ordinal));
    seen.ordinals.set(key!, ordinals);
  });
  return child;
}

async function put(client: Kinesis, from: number, to: number): Promise<void> {
  for (let ordinal = from; ordinal < to; ordinal += 1) {
    const records = Array.from({ length: keys }, (_, key) => ({
      PartitionKey: `key-${key}`,
      Data: Buffer.from(String(ordinal)),
    }));
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
