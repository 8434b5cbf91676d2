import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('records up to the new size are taken, and the summary tells it', async () => {
  await one.call('UpdateMaxRecordSize', { StreamARN: streamArn, MaxRecordSizeInKiB: 2048 });
  await one.active();
  assert.equal((await one.summary())['MaxRecordSizeInKiB'], 2048);
  await one.put('x'.repeat((2 << 20) - 1));
  await assert.rejects(one.put('x'.repeat(2 << 20)), { code: 'InvalidArgumentException' });
});

test('a stream that is being changed, or is not there, is told', async () => {
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 60_000 } });
  await one.call('UpdateMaxRecordSize', { StreamARN: streamArn, MaxRecordSizeInKiB: 2048 });
  assert.match(
    await one.refusal('UpdateMaxRecordSize', { StreamARN: streamArn, MaxRecordSizeInKiB: 4096 }),
    /^ResourceInUseException: Stream s under account 000000000000 not ACTIVE, instead in state UPDATING/,
  );
  assert.match(
    await one.refusal('UpdateMaxRecordSize', { StreamARN: `${streamArn}x`, MaxRecordSizeInKiB: 4096 }),
    /^ResourceNotFoundException/,
  );
});
