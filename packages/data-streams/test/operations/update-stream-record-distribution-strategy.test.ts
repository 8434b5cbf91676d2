import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const set = (RecordDistributionStrategy: string): Promise<string> =>
  one.refusal('UpdateStreamRecordDistributionStrategy', { StreamARN: streamArn, RecordDistributionStrategy });

test('AUTO is for on-demand streams, where records then need no key; a provisioned stream goes back to keys', async () => {
  assert.match(await set('AUTO'), /^InvalidArgumentException: RecordDistributionStrategy AUTO is only supported/);
  await one.call('UpdateStreamMode', { StreamARN: streamArn, StreamModeDetails: { StreamMode: 'ON_DEMAND' } });
  await one.active();
  assert.equal(await set('AUTO'), 'nothing');
  await one.active();
  await one.call('PutRecord', { StreamName: 's', Data: 'MA==' });
  assert.equal((await one.summary())['RecordDistributionStrategy'], 'AUTO');
  assert.equal(await set('USER_PARTITION_KEY'), 'nothing');
  await one.active();
  assert.match(await one.refusal('PutRecord', { StreamName: 's', Data: 'MA==' }), /^ValidationException/);
});
