/** What a lease store promises, asked of each: in memory, in DynamoDB (the server's own lease tables) and in PostgreSQL. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SplitShardCommand } from '@aws-sdk/client-kinesis';
import { consume, DynamoDBLeases, MemoryLeases, PostgresLeases } from '@millrace/consumer';
import type { Consumer, Lease, LeaseStore } from '@millrace/consumer';
import { startServer } from '../../../tools/server-process.ts';
import { postgresPrograms, startPostgres } from './postgres-server.ts';
import { TestStream } from './support.ts';

/** Makes stores; all that one opening makes for one name are the same to their users. */
type OpenStores = () => Promise<{ storeOf(name: string): LeaseStore; close(): Promise<void> }>;

const programs = postgresPrograms();
const kinds: readonly { what: string; open: OpenStores; skip?: string }[] = [
  {
    what: 'memory',
    open: () => {
      const stores = new Map<string, MemoryLeases>();
      return Promise.resolve({
        storeOf: (name) => stores.get(name) ?? stores.set(name, new MemoryLeases()).get(name)!,
        close: () => Promise.resolve(),
      });
    },
  },
  {
    what: 'DynamoDB',
    async open() {
      const server = await startServer([]);
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const client = new DynamoDBClient({ endpoint: server.endpoint, region: 'us-east-1', credentials });
      return {
        storeOf: (name) => new DynamoDBLeases(client, name),
        async close() {
          client.destroy();
          await server.stop();
        },
      };
    },
  },
  {
    what: 'PostgreSQL',
    ...(programs === undefined && { skip: 'no initdb and postgres on this machine' }),
    async open() {
      const server = await startPostgres(programs!);
      return { storeOf: (name) => new PostgresLeases(server.pool, `public.${name} "leases"`), close: server.stop };
    },
  },
];

function lease(shardId: string, more: Partial<Lease> = {}): Lease {
  return {
    leaseKey: shardId,
    shardId,
    stream: undefined,
    owner: undefined,
    checkpointOwner: undefined,
    counter: 0,
    checkpoint: { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 },
    tip: undefined,
    throughputKBps: undefined,
    parentShardIds: [],
    hashKeyRange: undefined,
    ...more,
  };
}

const rich = lease('shardId-000000000007', {
  leaseKey: '123456789012:orders:1700000000:shardId-000000000007',
  stream: '123456789012:orders:1700000000',
  parentShardIds: ['shardId-000000000001', 'shardId-000000000002'],
  hashKeyRange: { start: '0', end: String(2n ** 128n - 1n) },
});

for (const { what, open, skip } of kinds)
  describe(`leases in ${what}`, { ...(skip !== undefined && { skip }) }, () => {
    let stores: Awaited<ReturnType<OpenStores>>;
    before(async () => {
      stores = await open();
    });
    after(() => stores.close());

    const opened = async (name: string): Promise<LeaseStore> => {
      const store = stores.storeOf(name.replaceAll(/[ ,]/g, '-').slice(0, 40));
      await store.prepare();
      return store;
    };

    test('eight workers prepare it at once, and again', async () => {
      const workers = Array.from({ length: 8 }, () => stores.storeOf('at-once'));
      await Promise.all(workers.map((store) => store.prepare()));
      await workers[0]!.create(lease('a'));
      await workers[1]!.prepare();
      assert.deepEqual(await workers[2]!.list(), [lease('a')]);
    });

    test('a lease comes back as it was made; a second one of its key changes nothing', async () => {
      const store = await opened('come back');
      await store.create(rich);
      await store.create({ ...rich, owner: 'another', checkpoint: { sequenceNumber: 'LATEST', subSequenceNumber: 0 } });
      await store.create(lease('b', { checkpoint: { sequenceNumber: 'AT_TIMESTAMP', subSequenceNumber: 0 } }));
      assert.deepEqual(await store.get(rich.leaseKey), rich);
      assert.equal(await store.get('c'), undefined);
      assert.deepEqual(new Set((await store.list()).map(({ leaseKey }) => leaseKey)), new Set([rich.leaseKey, 'b']));
    });

    test('a change is written on the counter that was seen, and on no other', async () => {
      const store = await opened('counter');
      await store.create(rich);
      const taken = await store.update(rich, { owner: 'one' });
      assert.deepEqual(taken, { ...rich, owner: 'one', counter: 1 });
      assert.equal(await store.update(rich, { owner: 'two' }), undefined);
      const checkpoint = {
        sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
        subSequenceNumber: 3,
      };
      const written = await store.update(taken, { checkpoint, throughputKBps: 12.345 });
      assert.deepEqual(written, { ...rich, owner: 'one', counter: 2, checkpoint, throughputKBps: 12.345 });
      assert.equal(await store.update({ ...taken, leaseKey: 'nothing' }, { owner: 'two' }), undefined);
      const free = await store.update(written, { owner: undefined, checkpointOwner: undefined });
      assert.deepEqual(free, { ...written, owner: undefined, counter: 3 });
      assert.deepEqual(await store.get(rich.leaseKey), free);
    });

    test('of ten that take it at once one has it', async () => {
      const store = await opened('ten');
      await store.create(lease('a'));
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, worker) => store.update(lease('a'), { owner: `worker-${worker}` })),
      );
      const won = answers.filter((answer) => answer !== undefined);
      assert.equal(won.length, 1);
      assert.deepEqual(await store.list(), won);
    });

    test('a tip stays until there is a checkpoint', async () => {
      const store = await opened('tip');
      await store.create(lease('a'));
      const tip = { iterator: 'AAAA+/=', sinceMs: 1_700_000_000_123 };
      const marked = await store.update(lease('a'), { tip });
      assert.deepEqual(marked?.tip, tip);
      const renewed = await store.update(marked, { throughputKBps: 0 });
      assert.deepEqual(renewed, { ...marked, throughputKBps: 0, counter: 2 });
      const done = await store.update(renewed, { checkpoint: { sequenceNumber: '7', subSequenceNumber: 0 } });
      assert.equal(done?.tip, undefined);
      assert.deepEqual(await store.get('a'), done);
    });

    test('a hand-over is asked for once, does not disturb the owner, and is told to it', async () => {
      const store = await opened('hand over');
      await store.create(lease('a'));
      assert.equal(await store.requestHandOver(lease('a'), 'two'), false);
      const taken = await store.update(lease('a'), { owner: 'one' });
      assert.equal(await store.requestHandOver(taken!, 'two'), true);
      assert.equal(await store.requestHandOver(taken!, 'three'), false);
      const told = await store.update(taken!, { checkpoint: { sequenceNumber: '7', subSequenceNumber: 1 } });
      assert.deepEqual([told?.owner, told?.checkpointOwner, told?.counter], ['two', 'one', 2]);
      const gone = await store.update(told!, { checkpointOwner: undefined });
      assert.deepEqual([gone?.owner, gone?.checkpointOwner], ['two', undefined]);
      assert.equal(await store.requestHandOver(taken!, 'three'), false);
    });

    test('a lease is removed while its counter is the one that was seen', async () => {
      const store = await opened('remove');
      await store.create(lease('a'));
      const taken = await store.update(lease('a'), { owner: 'one' });
      await store.remove(lease('a'));
      assert.equal((await store.list()).length, 1);
      await store.remove(taken!);
      assert.deepEqual(await store.list(), []);
    });
  });

if (programs !== undefined)
  test('workers share a stream by leases in PostgreSQL, and one goes on for the other', async () => {
    const [stream, postgres] = await Promise.all([TestStream.open(4), startPostgres(programs)]);
    const running: Consumer[] = [];
    const start = (): Consumer => {
      const consumer = consume({
        client: stream.client,
        stream: 's',
        // A name of several words, and in a schema.
        leases: new PostgresLeases(postgres.pool, 'public.the leases'),
        processor: (records) => stream.see(records),
        failoverMs: 1000,
        idleMs: 30,
      });
      running.push(consumer);
      return consumer;
    };
    try {
      const [one, other] = [start(), start()];
      await stream.put(5);
      await stream.until(() => one.metrics().shards.length === 2 && other.metrics().shards.length === 2);
      const hashKey = String(2n ** 127n + 2n ** 125n);
      const split = { StreamName: 's', ShardToSplit: 'shardId-000000000002', NewStartingHashKey: hashKey };
      await stream.client.send(new SplitShardCommand(split));
      await stream.active();
      await stream.put(5);
      await stream.until(() => stream.isComplete());
      await one.stop();
      await stream.put(5);
      await stream.until(() => stream.isComplete() && other.metrics().shards.length === 5);
      for (const firsts of stream.firsts) assert.deepEqual(firsts, [...Array(30).keys()]);
    } finally {
      await Promise.all(running.map((consumer) => consumer.stop()));
      await Promise.all([stream.stop(), postgres.stop()]);
    }
  });
