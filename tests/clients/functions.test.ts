/** Unmodified clients of functions: boto3 and the AWS CLI. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
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
