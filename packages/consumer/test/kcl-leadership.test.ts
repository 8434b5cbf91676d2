/** What a worker makes of KCL 3's leader, and tells it, where tables are as KCL leaves them. With real ones: tests/clients. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { DynamoDBLeases } from '@millrace/consumer';
import { startServer } from '../../../tools/server-process.ts';
import type { ServerProcess } from '../../../tools/server-process.ts';

type Item = Record<string, AttributeValue>;

let server: ServerProcess;
let client: DynamoDBClient;
before(async () => {
  server = await startServer([]);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = new DynamoDBClient({ endpoint: server.endpoint, region: 'us-east-1', credentials });
});
after(async () => {
  client.destroy();
  await server.stop();
});

async function table(TableName: string, key: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await new DynamoDBLeases(client, TableName).prepare();
}

async function put(TableName: string, Item: Item): Promise<void> {
  await client.send(new PutItemCommand({ TableName, Item }));
}

async function get(TableName: string, Key: Item): Promise<Item | undefined> {
  return (await client.send(new GetItemCommand({ TableName, Key }))).Item;
}

function lock(key: string, version: string): Item {
  return {
    [key]: { S: 'Leader' },
    ownerName: { S: 'java' },
    recordVersionNumber: { S: version },
    leaseDuration: { S: '120000' },
    entityType: { S: 'LEADER' },
  };
}

const nowMs = 1_700_000_000_500;
const at = (monotonicMs: number): { workerId: string; nowMs: number; monotonicMs: number } => ({
  ...{ workerId: 'node', nowMs: nowMs + monotonicMs, monotonicMs },
});

test('a leader is one whose lock changes within its time; who is led tells of itself every ten seconds', async () => {
  await table('one', 'leaseKey');
  const leases = new DynamoDBLeases(client, 'one');
  assert.deepEqual(await leases.report(at(0)), { isLed: false });
  assert.equal(await get('one', { leaseKey: { S: 'node' } }), undefined);
  await put('one', lock('leaseKey', 'a'));
  assert.deepEqual(await leases.report(at(1000)), { isLed: true });
  const told = await get('one', { leaseKey: { S: 'node' } });
  assert.deepEqual(told, {
    leaseKey: { S: 'node' },
    entityType: { S: 'WORKER_METRIC_STATS' },
    lut: { N: '1700000001' },
    slu: { N: '1700000001' },
    sup: { N: '1' },
    sts: { M: {} },
    opr: { M: {} },
  });
  await leases.report(at(10_000));
  assert.deepEqual(await get('one', { leaseKey: { S: 'node' } }), told);
  await leases.report(at(11_000));
  assert.equal((await get('one', { leaseKey: { S: 'node' } }))!['lut']!.N, '1700000011');
  assert.deepEqual(await leases.report(at(121_000)), { isLed: true });
  assert.deepEqual(await leases.report(at(121_001)), { isLed: false });
  await put('one', lock('leaseKey', 'b'));
  assert.deepEqual(await leases.report(at(121_002)), { isLed: true });
  await put('one', { ...lock('leaseKey', 'b'), isReleased: { S: '1' } });
  assert.deepEqual(await leases.report(at(121_003)), { isLed: false });
  // None of it is a lease.
  assert.deepEqual(await leases.list(), []);
});

test('before KCL 3.5 leader and metrics have tables of their own, and move when the others do', async () => {
  await table('old', 'leaseKey');
  await table('old-CoordinatorState', 'key');
  await table('old-WorkerMetricStats', 'wid');
  const leases = new DynamoDBLeases(client, 'old');
  assert.deepEqual(await leases.report(at(0)), { isLed: false });
  await put('old-CoordinatorState', lock('key', 'a'));
  assert.deepEqual(await leases.report(at(1000)), { isLed: true });
  assert.equal((await get('old-WorkerMetricStats', { wid: { S: 'node' } }))!['lut']!.N, '1700000001');
  const key = { S: 'TableMigration3.5' };
  await put('old-CoordinatorState', { key, tm: { S: 'TABLE_MIGRATION_STATUS_DEPLOYED' } });
  assert.deepEqual(await leases.report(at(2000)), { isLed: true });
  await put('old-CoordinatorState', { key, tm: { S: 'TABLE_MIGRATION_STATUS_COMPLETE' } });
  assert.deepEqual(await leases.report(at(12_000)), { isLed: false });
  await put('old', lock('leaseKey', 'b'));
  assert.deepEqual(await leases.report(at(13_000)), { isLed: true });
  assert.equal((await get('old', { leaseKey: { S: 'node' } }))!['lut']!.N, '1700000013');
});

test('where the others tell of their CPU, so does this worker, in their range', async () => {
  await table('cpu', 'leaseKey');
  const leases = new DynamoDBLeases(client, 'cpu');
  const opr = { M: { C: { L: [{ N: '80' }] } } };
  const sts = { M: { C: { L: [{ N: '12.5' }] } } };
  await put('cpu', { leaseKey: { S: 'java' }, entityType: { S: 'WORKER_METRIC_STATS' }, opr, sts, lut: { N: '1' } });
  for (let report = 0; report < 25; report += 1) {
    await put('cpu', lock('leaseKey', `version-${report}`));
    await leases.report(at(report * 10_000));
  }
  const told = await get('cpu', { leaseKey: { S: 'node' } });
  assert.deepEqual(told!['opr'], opr);
  const percents = told!['sts']!.M!['C']!.L!.map(({ N }) => Number(N));
  assert.equal(percents.length, 20);
  assert.ok(percents.every((percent) => percent >= 0 && percent <= 100));
});
