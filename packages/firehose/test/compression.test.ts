/** The compressed formats by their own grammar; other programs read them in tests/clients/compression.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { uncompress } from 'snappyjs';
import { realWorld } from '@millrace/world';
import { compressors } from '../src/delivery/compression.ts';
import { movableFirehose, s3, until } from './support.ts';

type Format = keyof typeof compressors;
const world = realWorld();

async function compressed(format: Format, pieces: readonly Buffer[]): Promise<Buffer> {
  const compressor = compressors[format](world);
  for (const piece of pieces) await compressor.add(piece);
  const body = Buffer.concat(await compressor.finish());
  compressor.discard();
  return body;
}

/** The plain blocks behind a head; each has the lengths before it that the format says. */
function blocks(body: Buffer, at: number, hasPlainLength: boolean): Buffer[] {
  const found: Buffer[] = [];
  while (at < body.length) {
    const plainLength = hasPlainLength ? body.readUInt32BE(at) : undefined;
    at += hasPlainLength ? 4 : 0;
    const length = body.readUInt32BE(at);
    const plain = Buffer.from(uncompress(body.subarray(at + 4, at + 4 + length)));
    if (plainLength !== undefined) assert.equal(plain.length, plainLength);
    found.push(plain);
    at += 4 + length;
  }
  return found;
}

/** Some repeated, some random, cut anywhere; blocks of 32 KiB are met at every place. */
const bodies = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(70_000), fc.boolean()), { maxLength: 6 }),
    fc.array(fc.nat(200_000), { maxLength: 6 }),
  )
  .map(([parts, cuts]) => {
    const body = Buffer.concat(
      parts.map(([length, isRandom]) => (isRandom ? world.random.bytes(length) : Buffer.alloc(length, 'text '))),
    );
    const places = [0, ...cuts.map((cut) => Math.min(cut, body.length)).toSorted((a, b) => a - b), body.length];
    return { body, pieces: places.slice(1).map((end, index) => body.subarray(places[index], end)) };
  });

test('Snappy, as snappy-java and as Hadoop have it: the same however the body comes in', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, async ({ body, pieces }) => {
      const java = await compressed('Snappy', pieces);
      assert.equal(java.subarray(0, 16).toString('hex'), '82534e41505059000000000100000001');
      const hadoop = await compressed('HADOOP_SNAPPY', pieces);
      for (const found of [blocks(java, 16, false), blocks(hadoop, 0, true)]) {
        assert.ok(Buffer.concat(found).equals(body));
        assert.ok(found.slice(0, -1).every(({ length }) => length === 32_768));
        assert.ok(found.every(({ length }) => length > 0 && length <= 32_768));
      }
      assert.ok(java.equals(await compressed('Snappy', [body])));
    }),
    { numRuns: 60 },
  );
});

test('ZIP: one deflated entry, named by a UUID', async () => {
  const body = Buffer.from('line\n'.repeat(100_000));
  const archive = await compressed('ZIP', [body.subarray(0, 7), body.subarray(7)]);
  // The end of the directory names its one entry's place; the local head says how long name and extra field are.
  const end = archive.lastIndexOf('PK\u0005\u0006', undefined, 'latin1');
  assert.equal(archive.readUInt16LE(end + 10), 1);
  const entry = archive.readUInt32LE(end + 16);
  assert.equal(archive.readUInt16LE(entry + 10), 8);
  const nameLength = archive.readUInt16LE(entry + 28);
  assert.match(
    String(archive.subarray(entry + 46, entry + 46 + nameLength)),
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  );
  const data = 30 + archive.readUInt16LE(26) + archive.readUInt16LE(28);
  assert.ok(inflateRawSync(archive.subarray(data)).equals(body));
});

test('what is discarded half way ends', async () => {
  for (const format of Object.keys(compressors) as Format[]) {
    const compressor = compressors[format](world);
    await compressor.add(Buffer.alloc(100_000, 'x'));
    compressor.discard();
  }
});

for (const [format, extension, encoding] of [
  ['UNCOMPRESSED', '', undefined],
  ['GZIP', '.gz', 'gzip'],
  ['ZIP', '.zip', 'zip'],
  ['Snappy', '.snappy', 'snappy-java'],
  ['HADOOP_SNAPPY', '.snappy', 'hadoop-snappy'],
] as const)
  test(`${format}: what the object's name and its Content-Encoding say`, async () => {
    const firehose = await movableFirehose();
    try {
      const configuration = {
        ...s3,
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        CompressionFormat: format,
        EncryptionConfiguration: { KMSEncryptionConfig: { AWSKMSKeyARN: 'arn:aws:kms:us-east-1:000000000000:key/k' } },
      };
      await firehose.call('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        S3DestinationConfiguration: configuration,
      });
      await firehose.untilActive('d');
      await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'dGV4dA==' } });
      await until(() => firehose.objects.stored.length === 1);
      const [{ key, contentEncoding, kmsKeyArn }] = firehose.objects.stored as [(typeof firehose.objects.stored)[0]];
      assert.match(key, new RegExp(`[0-9a-f]{12}${extension.replace('.', String.raw`\.`)}$`));
      assert.equal(contentEncoding, encoding);
      assert.equal(kmsKeyArn, 'arn:aws:kms:us-east-1:000000000000:key/k');
    } finally {
      await firehose.end();
    }
  });
