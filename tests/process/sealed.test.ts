import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { kinesisCaller, untilActive } from './caller.ts';

const secret = 'the-quick-brown-secret';
const place = { StreamName: 's', ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' };

/** Which of the texts stand in any file of a directory, as they are or in base64. */
async function readable(directory: string, texts: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    for (const text of texts) {
      if (bytes.includes(text) || bytes.includes(Buffer.from(text).toString('base64').slice(0, -4))) found.add(text);
    }
  }
  return [...found];
}

test('what is put under a key is in no file as it is, neither data nor partition key, and is read after a restart', async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-sealed-'));
  let server = await startServer(['--data', data, '--transition-ms', '0']);
  let call = kinesisCaller(server.endpoint);
  await call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await untilActive(call, 's');
  const put = (text: string): Promise<object> =>
    call('PutRecord', { StreamName: 's', PartitionKey: `key-${text}`, Data: Buffer.from(text).toString('base64') });
  await put('plain-before-the-key');
  await call('StartStreamEncryption', { StreamName: 's', EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' });
  await untilActive(call, 's');
  for (let n = 0; n < 200; n += 1) await put(`${secret}-${n}`);
  const texts = [`${secret}-7`, `key-${secret}`, 'plain-before-the-key'];
  assert.deepEqual(await readable(data, texts), ['plain-before-the-key'], 'in the journal');
  // Stopping and starting moves the journal's records to segments.
  assert.equal(await server.stop('SIGKILL'), null);
  server = await startServer(['--data', data]);
  assert.deepEqual(await readable(data, texts), ['plain-before-the-key'], 'in segments');
  call = kinesisCaller(server.endpoint);
  const { ShardIterator } = await call('GetShardIterator', place);
  const { Records } = (await call('GetRecords', { ShardIterator })) as {
    Records: { Data: string; EncryptionType?: string }[];
  };
  assert.deepEqual([Records.length, Records[0]!.EncryptionType, Records[200]!.EncryptionType], [201, undefined, 'KMS']);
  assert.equal(Buffer.from(Records[200]!.Data, 'base64').toString(), `${secret}-199`);
  assert.equal(await server.stop(), 0);
  await rm(data, { recursive: true, force: true });
});
