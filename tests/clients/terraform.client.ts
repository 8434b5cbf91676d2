/**
 * Terraform itself with the unmodified AWS provider: the configurations of the provider's own acceptance tests for Kinesis,
 * side by side, step after step. After each step a plan must find nothing to do: what it would change is drift. The provider
 * comes from where Terraform is told to look (its registry, or a mirror that TF_CLI_CONFIG_FILE names).
 */
import { Kinesis } from '@aws-sdk/client-kinesis';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { streamActive } from '../../tools/stream-active.ts';

const run = promisify(execFile);
let folder = '';
let server: ServerProcess;
let client: Kinesis;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-terraform-'));
  await cp(join(import.meta.dirname, 'terraform'), folder, { recursive: true });
  // With AWS's limits it works too, but the provider asks for DescribeLimits once a stream and may once a second: minutes.
  server = await startServer(['--transition-ms', '200', '--limits', 'none']);
  const credentials = { accessKeyId: '123456789012', secretAccessKey: 'secret' };
  client = new Kinesis({ endpoint: server.endpoint, region: 'us-west-2', credentials });
  await terraform('init', '-input=false');
});
after(async () => {
  client.destroy();
  assert.equal(await server.stop(), 0, server.log());
  await rm(folder, { recursive: true });
});

async function terraform(...args: string[]): Promise<string> {
  const { stdout } = await run('terraform', [...args, '-no-color'], { cwd: folder, maxBuffer: 1 << 26 });
  return stdout;
}

function variables(step: number): string[] {
  return ['-input=false', `-var=endpoint=${server.endpoint}`, `-var=step=${step}`];
}

/** Applies a step; then a plan must find nothing to do (its exit code would be 2). */
async function apply(step: number): Promise<{ shards: Record<string, unknown>; consumer: Record<string, unknown> }> {
  await terraform('apply', '-auto-approve', '-parallelism=30', ...variables(step));
  await terraform('plan', '-detailed-exitcode', ...variables(step));
  const outputs = JSON.parse(await terraform('output', '-json')) as Record<string, { value: Record<string, unknown> }>;
  return { shards: outputs['shards']!.value, consumer: outputs['consumer']!.value };
}

const timeout = 600_000;

test('Terraform 1.11 with provider 5.100: what it creates has no drift', { timeout }, async () => {
  const { shards, consumer } = await apply(1);
  assert.deepEqual(shards, { status: 'ACTIVE', open: 2, closed: 0 });
  assert.deepEqual([consumer['same'], consumer['status']], [true, 'ACTIVE']);
  assert.ok(Math.abs(Date.parse(String(consumer['created'])) - Date.now()) < timeout);
});

test(
  'Terraform: shard counts, retention, mode, keys, metrics, tags and policies change, there and back',
  { timeout },
  async () => {
    const { StreamCreationTimestamp: created } = await streamActive(client, 'shards');
    assert.equal((await apply(2)).shards['open'], 4);
    assert.equal((await apply(3)).shards['open'], 3);
    const { StreamCreationTimestamp: kept } = await streamActive(client, 'shards');
    assert.deepEqual(kept, created, 'the stream was made anew');
  },
);

test('Terraform: what is there is imported, what was deleted elsewhere is made again', { timeout }, async () => {
  const { StreamARN: stream } = await streamActive(client, 'basic');
  const { Consumers: consumers } = await client.listStreamConsumers({ StreamARN: stream! });
  const imported = {
    'aws_kinesis_stream.tags': 'tags',
    'aws_kinesis_stream.on_demand': 'on-demand',
    'aws_kinesis_stream_consumer.one': consumers![0]!.ConsumerARN!,
    'aws_kinesis_resource_policy.writers': stream!,
  };
  for (const [resource, id] of Object.entries(imported)) {
    await terraform('state', 'rm', resource);
    await terraform('import', ...variables(3), resource, id);
  }
  await terraform('plan', '-detailed-exitcode', ...variables(3));

  await client.deleteStream({ StreamName: 'metrics' });
  await client.deleteResourcePolicy({ ResourceARN: stream! });
  await apply(3);
});

test('Terraform: everything is destroyed, a stream with a consumer too', { timeout }, async () => {
  const { StreamARN: stream } = await streamActive(client, 'consumed');
  await client.registerStreamConsumer({ StreamARN: stream!, ConsumerName: 'from-outside' });
  await terraform('destroy', '-auto-approve', '-parallelism=30', ...variables(3));
  assert.deepEqual((await client.listStreams({})).StreamNames, []);
});
