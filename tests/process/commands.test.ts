/** The commands for people, as a shell runs them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cli, startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { untilTrue } from '../clients/environments.ts';
import { kinesisCaller, untilActive } from './caller.ts';
import { readStream } from './stream-records.ts';

let server: ServerProcess;
let folder = '';
before(async () => {
  [server, folder] = await Promise.all([
    startServer(['--transition-ms', '20']),
    mkdtemp(join(tmpdir(), 'millrace-commands-')),
  ]);
  const call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 's', ShardCount: 2 });
  await untilActive(call, 's');
});
after(async () => {
  assert.equal(await server.stop(), 0);
  await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function begin(...args: string[]): { child: ChildProcess; outcome: Promise<Outcome>; output(): string } {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const child = spawn(process.execPath, [cli, ...args], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const outcome = new Promise<Outcome>((resolve) =>
    child.once('close', (status) => resolve({ status, stdout, stderr })),
  );
  return { child, outcome, output: () => stdout };
}

async function run(args: string[], input = ''): Promise<Outcome> {
  const { child, outcome } = begin(...args);
  child.stdin!.end(input);
  return outcome;
}

test('put from standard input and from a file, tail with filters, and JSON for scripts', async () => {
  const follower = begin('tail', 's', '--from', 'TRIM_HORIZON', '--filter', 'order', '--limit', '3', '--json');
  const lines = ['{"id":"a","text":"order 1"}', '{"id":"b","text":"other"}', '{"id":"a","text":"order 2"}'];
  const fromInput = await run(['put', 's', '--key-field', 'id'], `${lines.join('\n')}\n`);
  assert.deepEqual([fromInput.status, fromInput.stdout], [0, '3 records put\n'], fromInput.stderr);
  const file = join(folder, 'lines.txt');
  await writeFile(file, 'order 3\n\nlast\n');
  const fromFile = await run(['put', 's', file, '--key', 'k', '--aggregate', '--json']);
  assert.deepEqual(JSON.parse(fromFile.stdout), { stream: 's', records: 2, failed: 0, bytes: 14 });
  const { status, stdout, stderr } = await follower.outcome;
  assert.equal(status, 0, stderr);
  const read = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { partitionKey: string; data: string });
  const texts = read
    .map(({ partitionKey, data }) => `${partitionKey} ${Buffer.from(data, 'base64').toString()}`)
    .toSorted();
  assert.deepEqual(texts, [`a ${lines[0]}`, `a ${lines[2]}`, 'k order 3']);
});

test('lines that cannot be put are told, the others are put; an interrupt ends a put that waits', async () => {
  const mixed = await run(['put', 's', '--key-field', 'id'], '{"id":"m1"}\nno json\n{"other":1}\n{"id":"m2"}\n');
  assert.deepEqual([mixed.status, mixed.stdout], [1, '2 records put, 2 failed\n']);
  assert.match(mixed.stderr, /line 2 is no JSON/);
  const { child, outcome } = begin('put', 's', '--key', 'waits');
  child.stdin!.write('one\ntwo\n');
  const call = kinesisCaller(server.endpoint);
  await untilTrue(async () => {
    // The five reads that a shard gives a second may be spent.
    const stored = await readStream(call, 's').catch((): string[] => []);
    return stored.includes('one') && stored.includes('two');
  }, 'both records');
  child.kill('SIGINT');
  const { status, stdout } = await outcome;
  assert.deepEqual([status, stdout], [0, '2 records put\n']);
});

test('tail begins at a time, or so long ago', async () => {
  const lines = async (from: string): Promise<string[]> => {
    const { outcome } = begin('tail', 's', '--from', from, '--key', 'timed', '--limit', '1', '--json');
    const { stdout } = await outcome;
    return stdout.split('\n').filter(Boolean);
  };
  await run(['put', 's', '--key', 'timed'], 'early\n');
  const [early] = await lines('TRIM_HORIZON');
  const after = new Date(Date.parse((JSON.parse(early!) as { arrivedAt: string }).arrivedAt) + 1).toISOString();
  await run(['put', 's', '--key', 'timed'], 'late\n');
  const dataOf = ([line]: string[]): string =>
    Buffer.from((JSON.parse(line!) as { data: string }).data, 'base64').toString();
  assert.equal(dataOf(await lines('1h')), 'early');
  assert.equal(dataOf(await lines(after)), 'late');
});

test('lines are put byte by byte as they are, but for those that no stream takes', async () => {
  const separator = '{"text":"a\u2028b"}';
  const latin = Buffer.from([0xe9, 0x00, 0xff]);
  const file = join(folder, 'bytes.txt');
  const parts = [
    Buffer.from(`${separator}\r\n`),
    latin,
    Buffer.from('\n'),
    Buffer.alloc(11 << 20, 'x'),
    Buffer.from('\nend'),
  ];
  await writeFile(file, Buffer.concat(parts));
  const { status, stdout, stderr } = await run(['put', 's', file, '--key', 'bytes']);
  assert.deepEqual([status, stdout], [1, '3 records put, 1 failed\n']);
  assert.match(stderr, /line 3 is larger/);
  const read = await run(['tail', 's', '--from', 'TRIM_HORIZON', '--key', 'bytes', '--limit', '3', '--json']);
  const data = read.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { data: string }).data);
  assert.deepEqual(
    data.toSorted(),
    [Buffer.from(separator), latin, Buffer.from('end')].map((one) => one.toString('base64')).toSorted(),
  );
});

test('tail follows until it is interrupted', async () => {
  const { child, outcome, output } = begin('tail', 's', '--from', 'TRIM_HORIZON', '--key', 'tail');
  await run(['put', 's', '--key', 'tail'], 'hello\n');
  while (!output().includes('hello')) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill('SIGINT');
  assert.deepEqual((await outcome).status, 0);
  assert.match(output(), /^\d\d:\d\d:\d\d\.\d{3} {2}000\d {2}tail {2}hello\n$/);
});

test('streams, shards and consumers are told; reshard takes as many steps as it needs', async () => {
  const { stdout: listed } = await run(['streams']);
  assert.match(listed, /^stream +status +mode +shards.*\ns +ACTIVE +PROVISIONED +\d/);
  const resharded = await run(['reshard', 's', '5']);
  assert.deepEqual([resharded.status, resharded.stdout], [0, 's: 2 shards before, 5 now\n'], resharded.stderr);
  const { stdout: drawn } = await run(['shards', 's']);
  const rows = drawn.trim().split('\n').slice(1);
  assert.equal(rows.length, 5);
  for (const row of rows) assert.match(row, /^shardId-\d{12} {2}[·█]{40} {2}20\.0 % {2}open/);
  assert.equal((await run(['shards', 's', '--all', '--json'])).stdout.trim().split('\n').length > 5, true);
  assert.equal((await run(['consumers', 's'])).stdout, 'no consumers\n');
});

test('what is wrong is told, with exit code 2 for the command line and 1 for the rest', async () => {
  for (const [args, status, message] of [
    [['put'], 2, /usage: millrace put STREAM/],
    [['tail', 's', '--from', 'NOW'], 2, /--from must be/],
    [['tail', 's', '--from', '2026-02-31T12:00:00Z later'], 2, /--from must be/],
    [['tail', 's', '--filter', '('], 2, /--filter: /],
    [['reshard', 's', 'x'], 2, /COUNT must be a whole number/],
    [['put', 's', '/nowhere/file'], 2, /cannot be read/],
    [['put', 's', '--nonsense'], 2, /nonsense/],
    [['shards', 'nothing'], 1, /ResourceNotFoundException: /],
    [['tail', 'nothing'], 1, /ResourceNotFoundException: /],
  ] as [string[], number, RegExp][]) {
    const outcome = await run(args);
    assert.equal(outcome.status, status, args.join(' '));
    assert.match(outcome.stderr, message);
  }
  const failed = await run(['put', 'nothing', '--key', 'k'], 'x\n');
  assert.deepEqual([failed.status, failed.stdout], [1, '0 records put, 1 failed\n']);
  assert.match((await run(['tail', '--help'])).stdout, /usage: millrace tail STREAM[\s\S]*--filter REGEXP/);
});
