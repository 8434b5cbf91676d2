import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('DISABLED where nothing was set; what was set is of one account and region', async () => {
  const disabled = { MinimumThroughputBillingCommitment: { Status: 'DISABLED' } };
  assert.deepEqual(await one.call('DescribeAccountSettings'), disabled);
  const settings = await one.call('UpdateAccountSettings', {
    MinimumThroughputBillingCommitment: { Status: 'ENABLED' },
  });
  assert.deepEqual(await one.call('DescribeAccountSettings'), settings);
  assert.deepEqual(await one.call('DescribeAccountSettings', {}, { region: 'eu-west-1' }), disabled);
});
