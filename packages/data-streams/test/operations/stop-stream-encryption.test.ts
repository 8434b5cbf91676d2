import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('what is put from then on is plain; sealed records stay readable', async () => {
  const key = { StreamName: 's', EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' };
  await one.call('StartStreamEncryption', key);
  await one.active();
  await one.put('sealed');
  await one.call('StopStreamEncryption', key);
  await one.active();
  await one.put('plain');
  const summary = await one.summary();
  assert.deepEqual([summary['EncryptionType'], summary['KeyId']], ['NONE', undefined]);
  const { Records } = await one.read(await one.iterator('TRIM_HORIZON'));
  assert.deepEqual(
    Records.map(({ EncryptionType }) => EncryptionType),
    ['KMS', undefined],
  );
});
