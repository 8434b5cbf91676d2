/** A worker in a process of its own, told to end by SIGTERM while it processes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBLeases } from '@millrace/consumer';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { kinesisCaller, untilActive } from './caller.ts';

const root = join(import.meta.dirname, '../..');
const program = `
import { consume } from '@millrace/consumer';
const consumer = consume({
  stream: 's',
  application: 'application',
  async processor(records) {
    console.log('begun');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    console.log('done', records.at(-1).sequenceNumber);
  },
});
process.once('SIGTERM', () => void consumer.stop());
await consumer.done;
`;

let server: ServerProcess;
let folder = '';
before(async () => {
  server = await startServer(['--transition-ms', '20']);
  // Inside of the checkout, where the packages are found.
  folder = await mkdtemp(join(root, '.cache/consumer-'));
});
after(async () => {
  assert.equal(await server.stop(), 0);
  await rm(folder, { recursive: true, force: true });
});

test('SIGTERM: the page in work is finished and checkpointed, the lease let go, and the process ends', async () => {
  const call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await untilActive(call, 's');
  await call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: Buffer.from('1').toString('base64') });
  const file = join(folder, 'worker.mjs');
  await writeFile(file, program);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const env = {
    ...process.env,
    ...{ AWS_ENDPOINT_URL: server.endpoint, AWS_REGION: 'us-east-1' },
    ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
  };
  const child = spawn(process.execPath, ['--conditions=source', file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [text, errors] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (more: string) => (errors += more));
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (text === 'begun\n') child.kill('SIGTERM');
  });
  assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0, errors);
  const [, sequenceNumber] = /^begun\ndone (\d+)\n$/.exec(text)!;
  const dynamodb = new DynamoDBClient({ endpoint: server.endpoint, region: 'us-east-1', credentials });
  const [lease] = await new DynamoDBLeases(dynamodb, 'application').list();
  dynamodb.destroy();
  assert.deepEqual(lease!.checkpoint, { sequenceNumber, subSequenceNumber: 0 });
  assert.equal(lease!.owner, undefined);
});
