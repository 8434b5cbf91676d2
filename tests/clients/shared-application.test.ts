/** A Java worker (KCL 3) and a TypeScript worker of one application share a stream, by one lease table. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Kinesis } from '@aws-sdk/client-kinesis';
import { consume, DynamoDBLeases } from '@millrace/consumer';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { endProcess, javaClassPath, untilTrue } from './environments.ts';
import { streamActive } from '../../tools/stream-active.ts';
import { startKclWorker } from './kcl-worker.ts';

const keys = 40;

test(
  'a worker in Java and one in Node take their share, and each goes on for the other',
  { timeout: 240_000 },
  async () => {
    const [server, classPath] = await Promise.all([startServer(['--limits', 'none']), javaClassPath()]);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const settings = { endpoint: server.endpoint, region: 'us-east-1', credentials };
    const [client, dynamodb] = [new Kinesis(settings), new DynamoDBClient(settings)];
    const seen = new Map<string, Set<number>>();
    const by = { java: 0, node: 0 };
    let log = '';
    let put = 0;
    let java: ChildProcess | undefined;
    const see = (who: 'java' | 'node', key: string, text: string): void => {
      by[who] += 1;
      const ordinals = seen.get(key) ?? new Set();
      // First sights are in order by key, whoever sees them.
      if (!ordinals.has(Number(text))) assert.equal(Number(text), ordinals.size, `${key}, by ${who}`);
      seen.set(key, ordinals.add(Number(text)));
    };
    const putSome = async (rounds: number): Promise<void> => {
      for (let n = 0; n < rounds; n += 1, put += 1) {
        const Records = Array.from({ length: keys }, (_, key) => ({
          PartitionKey: `key-${key}`,
          Data: Buffer.from(`${put}`),
        }));
        await client.putRecords({ StreamName: 'events', Records });
      }
    };
    const isComplete = (): boolean => seen.size === keys && [...seen.values()].every(({ size }) => size === put);
    const until = (condition: () => boolean, what: string): Promise<void> =>
      untilTrue(condition, `${what}; KCL said:\n${log.slice(-3000)}`);
    const startNode = (): ReturnType<typeof consume> =>
      consume({
        client,
        stream: 'events',
        leases: new DynamoDBLeases(dynamodb, 'shared'),
        failoverMs: 3000,
        idleMs: 200,
        processor: (records) => {
          for (const { partitionKey, data } of records) see('node', partitionKey, Buffer.from(data).toString());
        },
      });
    await client.createStream({ StreamName: 'events', ShardCount: 4 });
    await streamActive(client, 'events');
    let node = startNode();
    try {
      await putSome(5);
      await until(isComplete, 'Node alone');
      java = startKclWorker(
        classPath,
        { endpoint: server.endpoint, application: 'shared', modes: ['polling', '2x'] },
        {
          onLine: ([kind, , , key, text]) => kind === 'RECORD' && see('java', key!, text!),
          onLog: (text) => (log += text),
        },
      );
      await until(() => node.metrics().shards.length === 2, 'Java takes its half');
      const before = by.java;
      await putSome(10);
      await until(() => isComplete() && by.java > before, 'both');
      await node.stop();
      await putSome(5);
      await until(isComplete, 'Java alone');
      node = startNode();
      await endProcess(java);
      await putSome(5);
      await until(() => isComplete() && node.metrics().shards.length === 4, 'Node alone again');
      assert.ok(by.java > 0 && by.node > 0);
    } finally {
      if (java !== undefined) await endProcess(java);
      await node.stop();
      client.destroy();
      dynamodb.destroy();
      await server.stop();
    }
  },
);
