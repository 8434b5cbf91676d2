/** Records that packages/producer compressed and encrypted, between it, the AWS Encryption SDK for Python and packages/consumer. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import {
  buildClient,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node';
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { consume, MemoryLeases } from '@millrace/consumer';
import { awsEncryption, payloadReader } from '@millrace/payload';
import { Producer } from '@millrace/producer';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { streamActive } from '../../tools/stream-active.ts';
import { pythonEnvironment } from './environments.ts';

let bin = '';
let server: ServerProcess;

before(async () => {
  [bin, server] = await Promise.all([pythonEnvironment(), startServer(['--transition-ms', '20'])]);
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

const encryption = awsEncryption({
  client: buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT),
  keyring: new RawAesKeyringNode({
    keyName: 'k',
    keyNamespace: 'millrace',
    unencryptedMasterKey: new Uint8Array(32).fill(7),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  }),
});

test('the AWS Encryption SDK for Python reads what was put, and is read', { timeout: 120_000 }, async () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new KinesisClient({ endpoint: server.endpoint, region: 'us-east-1', credentials });
  await client.send(new CreateStreamCommand({ StreamName: 'orders', ShardCount: 1 }));
  await streamActive(client, 'orders');
  const alone = new Producer({
    client,
    stream: 'orders',
    aggregation: false,
    compression: 'gzip',
    encryption,
    lingerMs: 5,
  });
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => alone.put({ partitionKey: `key-${n}`, data: `${n} `.repeat(100) })),
  );
  await alone.close();
  const script = join(import.meta.dirname, 'python/encryption_story.py');
  const { stdout } = await promisify(execFile)(join(bin, 'python'), ['-W', 'ignore', script, server.endpoint]);
  assert.match(stdout, /encryption story passed/);
  const together = new Producer({ client, stream: 'orders', compression: 'zstd', encryption, lingerMs: 5 });
  await Promise.all(['one', 'two'].map((data) => together.put({ partitionKey: 'late', data })));
  await together.close();

  const found: string[] = [];
  const seen = Promise.withResolvers<void>();
  const consumer = consume({
    client,
    stream: 'orders',
    leases: new MemoryLeases(),
    decode: payloadReader({ encryption }),
    idleMs: 20,
    processor: (records) => {
      found.push(...records.map(({ data }) => Buffer.from(data).toString()));
      if (found.length === 24) seen.resolve();
    },
    onEvent: (event) => {
      if (event.type === 'error') seen.reject(event.error);
    },
  });
  try {
    await seen.promise;
  } finally {
    await consumer.stop();
  }
  const expected = [
    ...Array.from({ length: 20 }, (_, n) => `${n} `.repeat(100)),
    'plain from Python',
    'packed by Python',
    'one',
    'two',
  ];
  assert.deepEqual(found.toSorted(), expected.toSorted());
  client.destroy();
});
