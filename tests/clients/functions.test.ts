/** Unmodified clients of functions: boto3 and the AWS CLI. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../../tools/server-process.ts';
import { pythonEnvironment } from './environments.ts';

const run = promisify(execFile);

test('boto3: functions are made, run, changed, deleted; failures, refusals, events', { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-functions-'));
  const [bin, server] = await Promise.all([pythonEnvironment(), startServer(['--transition-ms', '50'])]);
  try {
    const script = join(import.meta.dirname, 'python/functions_story.py');
    const { stdout } = await run(join(bin, 'python'), ['-W', 'ignore', script, server.endpoint, folder]);
    assert.match(stdout, /functions story passed/);
    assert.match(server.log(), /half of 5 function=halves/);
  } finally {
    assert.equal(await server.stop(), 0);
    await rm(folder, { recursive: true });
  }
});

test('boto3: mappings call functions with records, as AWS was recorded', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mappings-'));
  const data = join(folder, 'data');
  const args = ['--transition-ms', '50', '--data', data];
  const [bin, server] = await Promise.all([pythonEnvironment(), startServer(args)]);
  try {
    const python = join(import.meta.dirname, 'python');
    const told = [server.endpoint, folder, join(data, 'buckets'), join(python, 'recorded_mappings.json')];
    const { stdout } = await run(join(bin, 'python'), ['-W', 'ignore', join(python, 'mappings_story.py'), ...told]);
    assert.match(stdout, /mappings story passed/);
  } finally {
    assert.equal(await server.stop(), 0);
    await rm(folder, { recursive: true });
  }
});

test('the AWS CLI makes a function, invokes it and maps a stream to it', { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-functions-cli-'));
  const [bin, server] = await Promise.all([pythonEnvironment(), startServer(['--transition-ms', '50'])]);
  const aws = async (...args: string[]): Promise<Record<string, unknown>> => {
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: 'cli',
      AWS_SECRET_ACCESS_KEY: 'cli',
      AWS_DEFAULT_REGION: 'us-west-2',
    };
    const all = [join(bin, 'aws'), '--endpoint-url', server.endpoint, '--output', 'json', ...args];
    const { stdout } = await run(join(bin, 'python'), all, { env });
    return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
  };
  try {
    const zip = join(folder, 'function.zip');
    await writeFile(join(folder, 'index.js'), 'exports.handler = async (event) => ({ half: event.number / 2 });');
    await run(join(bin, 'python'), ['-m', 'zipfile', '-c', zip, join(folder, 'index.js')]);
    const role = 'arn:aws:iam::000000000000:role/any';
    const named = ['--function-name', 'halves'];
    const made = [
      '--runtime',
      'nodejs24.x',
      '--handler',
      'index.handler',
      '--role',
      role,
      '--zip-file',
      `fileb://${zip}`,
    ];
    assert.equal((await aws('lambda', 'create-function', ...named, ...made))['State'], 'Pending');
    await aws('lambda', 'wait', 'function-active-v2', ...named);
    const out = join(folder, 'answer.json');
    const answer = await aws('lambda', 'invoke', ...named, '--payload', '{"number": 5}', out);
    assert.equal(answer['StatusCode'], 200);
    assert.deepEqual(JSON.parse(await readFile(out, 'utf8')), { half: 2.5 });
    await aws('kinesis', 'create-stream', '--stream-name', 'orders', '--shard-count', '1');
    await aws('kinesis', 'wait', 'stream-exists', '--stream-name', 'orders');
    const source = ['--event-source-arn', 'arn:aws:kinesis:us-west-2:000000000000:stream/orders'];
    await aws('lambda', 'create-event-source-mapping', ...named, ...source, '--starting-position', 'LATEST');
    const { EventSourceMappings: all } = await aws('lambda', 'list-event-source-mappings', ...named);
    assert.equal((all as unknown[]).length, 1);
    await aws('lambda', 'delete-function', ...named);
    await assert.rejects(
      aws('lambda', 'get-function', ...named),
      /ResourceNotFoundException.*Function not found: arn:aws:/,
    );
  } finally {
    assert.equal(await server.stop(), 0);
    await rm(folder, { recursive: true });
  }
});
