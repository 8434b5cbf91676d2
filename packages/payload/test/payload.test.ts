import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { brotliCompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import {
  buildClient,
  CommitmentPolicy,
  getLocalCryptographicMaterialsCache,
  NodeCachingMaterialsManager,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node';
import { awsEncryption, chain, compression, compressionOf, payloadReader } from '@millrace/payload';
import fc from 'fast-check';

const context = { stream: 'orders', partitionKey: 'customer-1' };
const text = Buffer.from(JSON.stringify({ order: 1, items: Array(50).fill('a, twice') }));
const client = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const keyring = keyringOf(Buffer.alloc(32, 7));

function keyringOf(key: Buffer): RawAesKeyringNode {
  // The keyring keeps to memory that belongs to nothing else.
  const unencryptedMasterKey = new Uint8Array(key);
  const wrappingSuite = RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING;
  return new RawAesKeyringNode({ keyName: 'k', keyNamespace: 'millrace', unencryptedMasterKey, wrappingSuite });
}

for (const algorithm of ['gzip', 'zstd'] as const) {
  test(`${algorithm}: any bytes come back, also those that begin as compressed ones do, or do not shrink`, async () => {
    const codec = compression({ algorithm });
    const beginnings = fc.constantFrom([], [0x1f, 0x8b, 0x08], [0x28, 0xb5, 0x2f, 0xfd], [...gzipSync('x')]);
    await fc.assert(
      fc.asyncProperty(beginnings, fc.uint8Array({ maxLength: 300 }), async (beginning, rest) => {
        const data = Buffer.from([...beginning, ...rest]);
        const encoded = await codec.encode(data, context);
        assert.ok(encoded.length <= data.length || compressionOf(data) !== undefined);
        assert.deepEqual(Buffer.from(await payloadReader()(encoded, context)), data);
      }),
    );
    for (const data of [gzipSync(text), Buffer.from(await codec.encode(text, context)), randomBytes(200_000)])
      assert.deepEqual(Buffer.from(await payloadReader()(await codec.encode(data, context), context)), data);
  });

  test(`${algorithm}: what it makes is plain ${algorithm}, on this thread and on another`, async () => {
    const codec = compression({ algorithm, level: 9 });
    const expand = algorithm === 'gzip' ? gunzipSync : zstdDecompressSync;
    const small = codec.encode(text, context);
    assert.ok(small instanceof Uint8Array);
    assert.ok(small.length < text.length / 4);
    assert.deepEqual(expand(small), text);
    const large = Buffer.concat(Array<Buffer>(100).fill(text));
    const threaded = codec.encode(large, context);
    assert.ok(threaded instanceof Promise);
    assert.deepEqual(expand(await threaded), large);
  });
}

test('what is not compressed, or only begins so, is read as it is; what would fill the memory is refused', async () => {
  const read = payloadReader({ maxBytes: 1000 });
  for (const data of [Buffer.from('plain'), Buffer.alloc(0), brotliCompressSync('x'), gzipSync(text).subarray(0, 20)])
    assert.equal(await read(data, context), data);
  for (const algorithm of ['gzip', 'zstd'] as const) {
    const bomb = await compression({ algorithm }).encode(Buffer.alloc(1 << 20), context);
    await assert.rejects(async () => read(bomb, context), /payload of more than 1000 bytes/);
  }
  assert.throws(() => compression({ algorithm: 'lzma' as never }), /lzma is no compression/);
  assert.throws(() => compression({ level: 99 }), RangeError);
});

test('encrypted with the AWS Encryption SDK: bound to stream and key, refused where changed or not encrypted', async () => {
  const encryption = awsEncryption({ client, keyring });
  const both = chain([compression(), encryption]);
  const read = payloadReader({ encryption });
  const encrypted = await both.encode(text, context);
  assert.equal(encrypted[0], 2, 'version 2 of the message format');
  assert.deepEqual(Buffer.from(await read(encrypted, context)), text);
  const arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
  assert.deepEqual(Buffer.from(await read(encrypted, { ...context, stream: arn })), text);
  await assert.rejects(async () => read(encrypted, { ...context, partitionKey: 'customer-2' }), /partition-key/);
  await assert.rejects(async () => read(encrypted, { ...context, stream: 'other' }), /another kinesis:stream/);
  await assert.rejects(async () => read(text, context));
  const changed = Buffer.from(encrypted);
  changed[changed.length - 200]! ^= 1;
  await assert.rejects(async () => read(changed, context));
  const other = payloadReader({ encryption: awsEncryption({ client, keyring: keyringOf(Buffer.alloc(32, 8)) }) });
  await assert.rejects(async () => other(encrypted, context));
});

test('a caching materials manager uses a data key for many records of a stream', async () => {
  const materials = new NodeCachingMaterialsManager({
    backingMaterials: keyring,
    cache: getLocalCryptographicMaterialsCache(10),
    maxAge: 60_000,
  });
  const encryption = awsEncryption({ client, keyring: materials, bind: 'stream' });
  const read = payloadReader({ encryption });
  const dataKeys = new Set<string>();
  for (let n = 0; n < 20; n += 1) {
    const one = { stream: 'orders', partitionKey: `customer-${n}` };
    const encrypted = await encryption.encode(text, one);
    assert.deepEqual(Buffer.from(await read(encrypted, one)), text);
    const { messageHeader } = await client.decrypt(keyring, encrypted);
    for (const { encryptedDataKey } of messageHeader.encryptedDataKeys)
      dataKeys.add(Buffer.from(encryptedDataKey).toString('hex'));
  }
  assert.equal(dataKeys.size, 1);
});
