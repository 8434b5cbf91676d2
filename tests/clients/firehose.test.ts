/** Unmodified clients of Firehose, delivering to a real S3 server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startMoto } from '../../benchmarks/candidates.ts';
import { startServer } from '../../tools/server-process.ts';
import { pythonEnvironment } from './environments.ts';

const run = promisify(execFile);

test('boto3: delivery streams, records, objects in S3, errors', { timeout: 120_000 }, async () => {
  const [bin, moto] = await Promise.all([pythonEnvironment(), startMoto()]);
  const s3 = `http://${moto.host}:${moto.port}`;
  const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const server = await startServer(['--transition-ms', '50', '--s3', s3], { env });
  try {
    const script = join(import.meta.dirname, 'python/firehose_story.py');
    const { stdout } = await run(join(bin, 'python'), ['-W', 'ignore', script, server.endpoint, s3]);
    assert.match(stdout, /firehose story passed/);
  } finally {
    assert.equal(await server.stop(), 0);
    await moto.stop();
  }
});
