/** Examples of the packages' READMEs run as they stand, but for the port; what the environment has to say is said there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startAgent } from '../../tools/agent-process.ts';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { kinesisCaller, untilActive } from './caller.ts';
import { readStream } from './stream-records.ts';

const root = join(import.meta.dirname, '../..');
let server: ServerProcess;
let folder = '';
before(async () => {
  server = await startServer(['--transition-ms', '20']);
  // Inside of the checkout, where the packages are found.
  folder = await mkdtemp(join(root, '.cache/readme-'));
  const call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 'orders', ShardCount: 2 });
  await untilActive(call, 'orders');
});
after(async () => {
  assert.equal(await server.stop(), 0);
  await rm(folder, { recursive: true, force: true });
});

/** What the example prints until it prints what is expected; then it is told to end, and ends well. */
async function runExample(name: string, expected: RegExp, number = 0): Promise<void> {
  const readme = await readFile(join(root, 'packages', name, 'README.md'), 'utf8');
  const [, example] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)][number]!;
  const file = join(folder, `${name}.ts`);
  await writeFile(file, example!.replaceAll('http://127.0.0.1:4567', server.endpoint));
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const child = spawn(process.execPath, ['--conditions=source', file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let errors = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const heard = (more: string): void => {
    text += more;
    if (expected.test(text)) child.kill('SIGTERM');
  };
  child.stdout.setEncoding('utf8').on('data', heard);
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    errors += more;
    heard(more);
  });
  const code = await ended;
  assert.match(text, expected, errors);
  // Ended by itself, by its own handler, or by the signal that it does not handle.
  assert.ok(code === 0 || code === null, errors);
}

test('aggregation', () => runExample('aggregation', /3 records in \d+ bytes under greeting\n0 one\n1 two\n2 three\n/));

test('payload', () => runExample('payload', /^true 900 bytes: an order\n/));

test('orc', () => runExample('orc', /^row 2: id: "three" is not a bigint\n2 rows in 1 stripe\n/));

test('record-formats', () =>
  runExample('record-formats', /^record 2: DataFormatConversion\.MalformedData: .* \(column id\)\n3 rows\n/));

test('transformations', () =>
  runExample('transformations', /1 Ok \{"timestamp":"Nov 21 13:38:08",.*\}\n2 ProcessingFailed no syslog\n/));

test('producer', () => runExample('producer', /^shardId-00000000000\d \d{56} 1\n/));

test('consumer', () => runExample('consumer', /shardId-00000000000\d customer-1 \{"order":1\}\n/));

test('consumer: poison records', async () => {
  const call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 'orders-dead', ShardCount: 1 });
  await untilActive(call, 'orders-dead');
  const Data = Buffer.from('no JSON').toString('base64');
  await call('PutRecord', { StreamName: 'orders', PartitionKey: 'customer-2', Data });
  await runExample('consumer', /shardId-00000000000\d PoisonRecord: record \d{56}\.0 cannot be processed\n/, 1);
});

test('consumer: several streams', async () => {
  const call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 'refunds', ShardCount: 1 });
  await untilActive(call, 'refunds');
  await call('PutRecord', { StreamName: 'refunds', PartitionKey: 'k', Data: Buffer.from('1').toString('base64') });
  await runExample('consumer', /(orders \d+[\s\S]*refunds 1|refunds 1[\s\S]*orders \d+)\n/, 2);
});

test('agent', async () => {
  const readme = await readFile(join(root, 'packages/agent/README.md'), 'utf8');
  const [, json] = /```json\n([\s\S]*?)```/.exec(readme)!;
  const [, line] = /^echo '(.*)' >> /m.exec(readme)!;
  const [, expected] = /^A second later the stream has `(.*)`\.$/m.exec(readme)!;
  const config = join(folder, 'agent.json');
  const moved = json!.replaceAll('http://127.0.0.1:4567', server.endpoint).replaceAll('/tmp/millrace-agent', folder);
  await writeFile(config, moved);
  const agent = startAgent(['--config', config]);
  try {
    await agent.logged(/agent ready/);
    await writeFile(join(folder, 'app.log'), `${line}\n`);
    const call = kinesisCaller(server.endpoint);
    // AWS's limits are on: five GetRecords a second.
    do await new Promise((resolve) => setTimeout(resolve, 700));
    while (!(await readStream(call, 'orders')).includes(`${expected}\n`));
  } finally {
    assert.equal(await agent.stop(), 0, agent.log());
  }
});
