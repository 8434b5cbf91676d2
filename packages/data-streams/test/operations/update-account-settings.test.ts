import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const set = (Status: string): Promise<string> =>
  one.refusal('UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status } });

test('the commitment is enabled for 24 hours at least; then it can be ended, and the times are told', async () => {
  assert.equal(await set('ENABLED'), 'nothing');
  assert.match(await set('DISABLED'), /^InvalidArgumentException/);
  one.world.advance(24 * 3_600_000 + 1000);
  assert.equal(await set('DISABLED'), 'nothing');
  const { MinimumThroughputBillingCommitment: commitment } = await one.call('DescribeAccountSettings');
  assert.deepEqual(Object.keys(commitment as object).sort(), ['EndedAt', 'StartedAt', 'Status']);
});
