import { Kinesis } from '@aws-sdk/client-kinesis';
import { aggregate } from '@millrace/aggregation';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { startServer } from '../../tools/server-process.ts';
import { endProcess, javaClassPath, untilTrue } from './environments.ts';
import { streamActive } from '../../tools/stream-active.ts';
import type { KclVersion } from './environments.ts';
import { javaTrust } from './java-trust.ts';
import { startKclWorker } from './kcl-worker.ts';

const keys = 40;
const recordsPerKey = 50;

export interface KclStory {
  readonly kcl: KclVersion;
  readonly mode: 'polling' | 'fanout';
  /** Whether its SDK speaks CBOR, as it does by itself. */
  readonly isCbor?: boolean;
  /** Whether it reaches Kinesis, its leases and CloudWatch over TLS, with the server's certificate checked. */
  readonly isSecure?: boolean;
}

interface Seen {
  readonly ordinals: Map<string, number[]>;
  readonly ended: Set<string>;
  readonly workersWithRecords: Set<number>;
  /** Second user records of aggregated records. */
  aggregated: number;
  log: string;
}

const nothingSeen = (): Seen => ({
  ordinals: new Map(),
  ended: new Set(),
  workersWithRecords: new Set(),
  aggregated: 0,
  log: '',
});

/**
 * Two workers of an unmodified KCL read a stream through a split and a merge: every record at least once, in order per key, and
 * every closed shard reaches its end. Leases and metrics stand on the server's own port. Some records travel aggregated, as the
 * KPL sends them: KCL takes them apart.
 */
export async function tellKclStory({ kcl, mode, isCbor = true, isSecure = false }: KclStory): Promise<void> {
  const [server, classPath] = await Promise.all([startServer([]), javaClassPath(kcl)]);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new Kinesis({ endpoint: server.endpoint, region: 'us-east-1', credentials });
  const seen = nothingSeen();
  const workers: ChildProcess[] = [];
  const application = `app-${mode}`;
  const trust = isSecure ? await javaTrust(Number(new URL(server.endpoint).port)) : undefined;
  const properties = [...(trust?.properties ?? []), ...(isCbor ? [] : [kcl.withoutCbor])];
  const endpoint = isSecure ? server.endpoint.replace('http:', 'https:') : server.endpoint;
  const startOne = (): void => {
    const options = { endpoint, application, modes: [mode], main: kcl.main, properties };
    workers.push(startKclWorker(classPath, options, hearing(workers.length, seen)));
  };
  const until = (condition: () => boolean, what: string): Promise<void> =>
    untilTrue(condition, what).catch((error: unknown) => assert.fail(`${String(error)}\n${summary(seen)}`));
  try {
    await client.createStream({ StreamName: 'events', ShardCount: 2 });
    await streamActive(client, 'events');
    startOne();
    await put(client, 0, 10);
    await until(() => seen.ordinals.size === keys, 'the first records');
    startOne();
    await untilTrue(async () => (await workersKnown(server.endpoint, application)) === 2, 'the second worker');
    await reshardUnderLoad(client);
    await until(() => complete(seen), 'every record');
    await until(() => seen.ended.size === 3, 'the ends of shards 0, 1 and 3');
    checkSeen(seen);
    await untilTrue(
      async () => (await metricsOf(server.endpoint, application)).includes('RecordsProcessed'),
      'metrics',
    );
  } finally {
    await Promise.all(workers.map(endProcess));
    await trust?.remove();
    client.destroy();
    await server.stop();
  }
}

async function reshardUnderLoad(client: Kinesis): Promise<void> {
  await put(client, 10, 20);
  const half = String(2n ** 126n);
  await client.splitShard({ StreamName: 'events', ShardToSplit: 'shardId-000000000000', NewStartingHashKey: half });
  await put(client, 20, 30);
  await streamActive(client, 'events');
  await client.mergeShards({
    StreamName: 'events',
    ShardToMerge: 'shardId-000000000003',
    AdjacentShardToMerge: 'shardId-000000000001',
  });
  await put(client, 30, recordsPerKey);
  await streamActive(client, 'events');
}

function checkSeen({ ordinals: all, ended, aggregated, workersWithRecords }: Seen): void {
  assert.equal(workersWithRecords.size, 2, 'workers that were given records');
  for (const [key, ordinals] of all) {
    // At least once: after a lease moved, a worker may start again at the last checkpoint. First sights must be in order.
    const firsts = ordinals.filter((ordinal, index) => ordinals.indexOf(ordinal) === index);
    assert.deepEqual(firsts, [...Array(recordsPerKey).keys()], `key ${key}`);
  }
  assert.ok(aggregated >= (keys * recordsPerKey) / 2, `${aggregated} parts of aggregated records`);
  const closed = [0, 1, 3].map((number) => `shardId-00000000000${number}`);
  assert.deepEqual([...ended].toSorted(), closed);
}

/**
 * How many workers can be given shards, by the lease table. KCL 1 and 2 take leases: who owns one is known. In KCL 3 one worker
 * deals out the leases that nobody has to all that write a row about their load.
 */
async function workersKnown(endpoint: string, application: string): Promise<number> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.Scan' },
    body: JSON.stringify({ TableName: application }),
  });
  const { Items: items = [] } = (await response.json()) as { Items?: Record<string, { S?: string }>[] };
  const known = items.map(({ leaseOwner, entityType, leaseKey }) =>
    entityType?.S === 'WORKER_METRIC_STATS' ? leaseKey?.S : leaseOwner?.S,
  );
  return new Set(known.filter((worker) => worker !== undefined)).size;
}

/** What the workers have told CloudWatch, by the query protocol. */
async function metricsOf(endpoint: string, namespace: string): Promise<string> {
  const body = new URLSearchParams({ Action: 'ListMetrics', Version: '2010-08-01', Namespace: namespace });
  return (await fetch(endpoint, { method: 'POST', body })).text();
}

/** What a worker's lines mean. */
function hearing(id: number, seen: Seen): { onLine(words: readonly string[]): void; onLog(text: string): void } {
  return {
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
  };
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
