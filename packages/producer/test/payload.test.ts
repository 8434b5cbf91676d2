import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  buildClient,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node';
import { awsEncryption, compressionOf, payloadReader } from '@millrace/payload';
import type { PayloadCodec } from '@millrace/payload';
import { DeliveryError, Producer } from '@millrace/producer';
import type { ProducerOptions, PutResult } from '@millrace/producer';
import { TestStream } from './support.ts';

let stream: TestStream;
afterEach(() => stream.stop());

const producer = (options: Partial<ProducerOptions>): Producer =>
  new Producer({ client: stream.client, stream: 's', lingerMs: 5, ...options });

const keyring = new RawAesKeyringNode({
  keyName: 'k',
  keyNamespace: 'millrace',
  unencryptedMasterKey: new Uint8Array(32).fill(7),
  wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
});
const encryption = awsEncryption({
  client: buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT),
  keyring,
});

test('compressed, then encrypted, then aggregated: readers get what was put, in order', async () => {
  stream = await TestStream.open(2, ['--limits', 'none']);
  const one = producer({ compression: 'zstd', encryption, ordered: true });
  const results: Promise<PutResult>[] = [];
  const textOf = (n: number): string => `${n} ${'again and '.repeat(n)}`;
  for (let n = 0; n < 200; n += 1) results.push(one.put({ partitionKey: `key-${n % 5}`, data: textOf(n) }));
  await one.close();
  await Promise.all(results);
  assert.ok(one.metrics().kinesisRecordsStored < 50);
  const read = payloadReader({ encryption });
  const last = new Map<string, number>();
  for (const { partitionKey, data, isAggregated } of await stream.readAll()) {
    assert.ok(isAggregated);
    const text = Buffer.from(await read(data, { stream: 's', partitionKey })).toString();
    const n = Number(text.split(' ', 1)[0]);
    assert.equal(text, textOf(n));
    assert.ok(n > (last.get(partitionKey) ?? -1));
    last.set(partitionKey, n);
  }
  assert.deepEqual(
    [...last.values()].toSorted((one, other) => one - other),
    [195, 196, 197, 198, 199],
  );
});

test('compressed alone: what shrinks says what it is, what does not travels as it is', async () => {
  stream = await TestStream.open(1);
  const one = producer({ compression: { algorithm: 'gzip', level: 9 }, aggregation: false });
  const large = 'x'.repeat(100_000);
  await Promise.all([one.put({ partitionKey: 'a', data: large }), one.put({ partitionKey: 'b', data: 'x' })]);
  const found = new Map((await stream.readAll()).map(({ partitionKey, data }) => [partitionKey, data]));
  assert.equal(compressionOf(found.get('a')!), 'gzip');
  assert.equal(Buffer.from(found.get('b')!).toString(), 'x');
  assert.ok(one.metrics().bytesStored < 1000);
});

test('a payload that cannot be made in time, or at all, fails its record alone', async () => {
  stream = await TestStream.open(1);
  const broken: PayloadCodec = {
    encode(data) {
      const text = Buffer.from(data).toString();
      if (text === 'throws') throw new Error('no key');
      return text === 'hangs' ? new Promise(() => undefined) : Promise.resolve(data);
    },
    decode: (data) => data,
  };
  const one = producer({ encryption: broken, recordTtlMs: 300 });
  const outcomes = await Promise.allSettled(
    ['first', 'throws', 'hangs', 'last'].map((data) => one.put({ partitionKey: 'k', data })),
  );
  const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error) : undefined));
  assert.deepEqual(
    reasons.map((reason) => reason instanceof DeliveryError),
    [false, true, true, false],
  );
  assert.match(reasons[1]!.message, /no key/);
  assert.match(reasons[2]!.message, /time to live/);
  assert.equal(one.metrics().bufferedBytes, 0);
  await one.close();
});
