/** Unmodified Python clients: boto3 over plain HTTP and TLS, and the AWS CLI. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { pythonEnvironment } from './environments.ts';

const run = promisify(execFile);
let bin = '';
let server: ServerProcess;

before(async () => {
  [bin, server] = await Promise.all([pythonEnvironment(), startServer(['--transition-ms', '50'])]);
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

async function tell(story: string, scheme: string): Promise<void> {
  const script = join(import.meta.dirname, `python/${story}_story.py`);
  const endpoint = server.endpoint.replace('http', scheme);
  const { stdout } = await run(join(bin, 'python'), ['-W', 'ignore', script, endpoint]);
  assert.match(stdout, new RegExp(`${story} story passed`));
}

for (const scheme of ['http', 'https'])
  test(`boto3 over ${scheme}: streams, records, fan-out, errors, encryption, resharding`, { timeout: 120_000 }, () =>
    tell('boto3', scheme),
  );

test('boto3 with the neighbours: lease tables, metrics, the catalog, who the caller is', { timeout: 120_000 }, () =>
  tell('neighbours', 'http'),
);

async function aws(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(
    join(bin, 'python'),
    [join(bin, 'aws'), '--endpoint-url', server.endpoint, '--output', 'json', 'kinesis', ...args],
    {
      env: { ...process.env, AWS_ACCESS_KEY_ID: 'cli', AWS_SECRET_ACCESS_KEY: 'cli', AWS_DEFAULT_REGION: 'us-west-2' },
    },
  );
  return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}

test('the AWS CLI creates a stream, puts and gets a record', { timeout: 120_000 }, async () => {
  await aws('create-stream', '--stream-name', 'cli', '--shard-count', '1');
  await aws('wait', 'stream-exists', '--stream-name', 'cli');
  const put = await aws('put-record', '--stream-name', 'cli', '--partition-key', 'k', '--data', 'hello');
  assert.equal(put['ShardId'], 'shardId-000000000000');
  const { ShardIterator: iterator } = await aws(
    'get-shard-iterator',
    '--stream-name',
    'cli',
    '--shard-id',
    'shardId-000000000000',
    '--shard-iterator-type',
    'TRIM_HORIZON',
  );
  const page = await aws('get-records', '--shard-iterator', String(iterator));
  const [record] = page['Records'] as { Data: string; SequenceNumber: string }[];
  assert.equal(Buffer.from(record!.Data, 'base64').toString(), 'hello');
  assert.equal(record!.SequenceNumber, put['SequenceNumber']);
  await assert.rejects(
    aws('describe-stream', '--stream-name', 'absent'),
    /ResourceNotFoundException.*Stream absent under account 000000000000 not found\./,
  );
});
