import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(3);
});
afterEach(() => one.streams.stop());

test('quotas of the account in its region, and what is used of them', async () => {
  await one.call('CreateStream', { StreamName: 'd' });
  await one.call('CreateStream', { StreamName: 'far', ShardCount: 2 }, { region: 'eu-west-1' });
  assert.deepEqual(await one.call('DescribeLimits'), {
    OnDemandStreamCount: 1,
    OnDemandStreamCountLimit: 50,
    OpenShardCount: 3,
    ShardLimit: 500,
  });
});

test('once a second and account, with limits on', async () => {
  await one.streams.stop();
  one = await OneStream.open(1, { limits: 'aws' });
  one.world.hold();
  await one.call('DescribeLimits');
  assert.match(await one.refusal('DescribeLimits'), /^LimitExceededException: Rate exceeded for/);
  await one.call('DescribeLimits', {}, { account: '111111111111' });
  one.world.advance(1000);
  await one.call('DescribeLimits');
});
