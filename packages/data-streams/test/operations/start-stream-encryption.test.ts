import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const start = (KeyId = 'alias/aws/kinesis'): Promise<string> =>
  one.refusal('StartStreamEncryption', { StreamName: 's', EncryptionType: 'KMS', KeyId });

test('UPDATING, then KMS with the key; what was put before stays plain and readable', async () => {
  await one.put('plain');
  assert.equal(await start(), 'nothing');
  assert.equal((await one.summary())['StreamStatus'], 'UPDATING');
  await one.active();
  const summary = await one.summary();
  assert.deepEqual([summary['EncryptionType'], summary['KeyId']], ['KMS', 'alias/aws/kinesis']);
  await one.put('sealed');
  const page = await one.read(await one.iterator('TRIM_HORIZON'));
  assert.deepEqual(
    page.Records.map(({ EncryptionType }) => EncryptionType),
    [undefined, 'KMS'],
  );
});

test('25 changes in 24 hours, with limits on; not while it is UPDATING', async () => {
  await one.streams.stop();
  one = await OneStream.open(1, { limits: 'aws' });
  for (let n = 0; n < 25; n += 1) {
    assert.equal(await start(`alias/${n}`), 'nothing');
    assert.match(await start(), /^(ResourceInUse|LimitExceeded)Exception/);
    one.world.advance(1000);
    await one.active();
  }
  assert.match(await start(), /^LimitExceededException: .*25 times in 24 hours/);
});
