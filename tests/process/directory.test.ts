/** Who may open a data directory, what the command line promises, and what stopping means. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { cli, startServer } from '../../tools/server-process.ts';
import { kinesisCaller, untilActive } from './caller.ts';

let data = '';
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'millrace-directory-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: 20_000 });
}

test('a second server is refused a directory that one holds; after kill -9 of the first it gets it', async () => {
  const first = await startServer(['--data', data]);
  const refused = run('serve', '--port', '0', '--data', data);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /is in use by another process/);
  await first.stop('SIGKILL');
  const second = await startServer(['--data', data]);
  assert.equal(await second.stop(), 0);
});

test('a directory of a newer version, or one that is not ours, is refused', async () => {
  await writeFile(join(data, 'FORMAT'), 'millrace data 99\n');
  assert.match(run('serve', '--port', '0', '--data', data).stderr, /newer version/);
  await rm(join(data, 'FORMAT'));
  await writeFile(join(data, 'letters.txt'), 'dear');
  assert.match(run('serve', '--port', '0', '--data', data).stderr, /not empty/);
});

test('SIGTERM under load: exit code 0, and every acknowledged record is there after it', async () => {
  const server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0']);
  const call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await untilActive(call, 's');
  let acknowledged = 0;
  const load = Array.from({ length: 8 }, async () => {
    for (;;) {
      const done = await call('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'MA==' }).then(
        () => true,
        () => false,
      );
      if (!done) return;
      acknowledged += 1;
    }
  });
  while (acknowledged < 500) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(await server.stop(), 0, server.log());
  await Promise.all(load);
  const again = await startServer(['--data', data, '--limits', 'none']);
  const read = kinesisCaller(again.endpoint);
  const { ShardIterator: iterator } = await read('GetShardIterator', {
    StreamName: 's',
    ShardId: 'shardId-0',
    ShardIteratorType: 'TRIM_HORIZON',
  });
  const page = (await read('GetRecords', { ShardIterator: iterator })) as unknown as { Records: object[] };
  assert.ok(page.Records.length >= acknowledged, `${page.Records.length} of ${acknowledged}`);
  assert.equal(await again.stop(), 0);
});

test('the command line: help, version, wrong settings with exit code 2, no open door without --insecure', () => {
  assert.match(run('--help').stdout, /millrace serve/);
  assert.match(run('--version').stdout, /^\d+\.\d+\.\d+\n$/);
  for (const [args, message] of [
    [['serve', '--port', 'x'], /--port: must be a whole number/],
    [['serve', '--limits', 'some'], /--limits: must be one of aws, none/],
    [['serve', '--host', '0.0.0.0'], /--insecure/],
    [['serve', '--nonsense'], /nonsense/],
    [['fly'], /unknown command fly/],
  ] as [string[], RegExp][]) {
    const { status, stderr } = run(...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, message);
  }
});

test('the certificate stands in the data directory when the server is ready; one that cannot serve stops the start', async () => {
  const server = await startServer(['--data', data]);
  const certificate = await readFile(join(data, 'keys/self-signed.pem'));
  const status = await new Promise((resolve, reject) => {
    const request = get(`${server.endpoint.replace('http', 'https')}/health`, { ca: certificate }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on('error', reject);
  });
  assert.equal(status, 200);
  assert.equal(await server.stop(), 0);
  const wrong = join(data, 'wrong.pem');
  await writeFile(wrong, 'no certificate');
  for (const file of [wrong, join(data, 'absent.pem')]) {
    const refused = run('serve', '--port', '0', '--tls-cert', file, '--tls-key', file);
    assert.equal(refused.status, 2, refused.stderr);
    assert.match(refused.stderr, /--tls-cert and --tls-key: /);
  }
});

test('health and metrics answer; signatures and policies are enforced when asked for', async () => {
  const config = join(data, 'millrace.json');
  const allowing = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kinesis:List*', Resource: '*' }] };
  await writeFile(
    config,
    JSON.stringify({
      auth: 'iam',
      identities: [
        { accessKeyId: 'AKIAREADER', secretAccessKey: 'secret', account: '111122223333', policies: [allowing] },
      ],
    }),
  );
  const server = await startServer(['--config', config, '--data', join(data, 'd')]);
  try {
    assert.deepEqual(await (await fetch(`${server.endpoint}/health`)).json(), { status: 'ok' });
    assert.match(await (await fetch(`${server.endpoint}/metrics`)).text(), /millrace_log_syncs 0/);
    await assert.rejects(kinesisCaller(server.endpoint)('ListStreams', {}), /MissingAuthenticationTokenException/);
    const { Kinesis } = await import('@aws-sdk/client-kinesis');
    const client = (secretAccessKey: string): InstanceType<typeof Kinesis> =>
      new Kinesis({
        endpoint: server.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'AKIAREADER', secretAccessKey },
        maxAttempts: 1,
      });
    const reader = client('secret');
    assert.deepEqual((await reader.listStreams({})).StreamNames, []);
    await assert.rejects(reader.createStream({ StreamName: 's', ShardCount: 1 }), {
      name: 'AccessDeniedException',
      message:
        'User: arn:aws:iam::111122223333:user/AKIAREADER is not authorized to perform: kinesis:CreateStream on resource: ' +
        'arn:aws:kinesis:us-east-1:111122223333:stream/s because no identity-based policy allows the kinesis:CreateStream action',
    });
    const wrong = client('wrong');
    await assert.rejects(wrong.listStreams({}), { name: 'InvalidSignatureException' });
    reader.destroy();
    wrong.destroy();
  } finally {
    assert.equal(await server.stop(), 0);
  }
});
