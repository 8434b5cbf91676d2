import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const register = (ConsumerName: string, more: object = {}): Promise<string> =>
  one.refusal('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName, ...more });

test('a consumer is CREATING, has its tags, and a name of its own in the stream', async () => {
  const { Consumer } = await one.call('RegisterStreamConsumer', {
    StreamARN: streamArn,
    ConsumerName: 'c',
    Tags: { a: '1' },
  });
  const { ConsumerARN: ResourceARN, ConsumerStatus } = Consumer as { ConsumerARN: string; ConsumerStatus: string };
  assert.equal(ConsumerStatus, 'CREATING');
  assert.deepEqual((await one.call('ListTagsForResource', { ResourceARN }))['Tags'], [{ Key: 'a', Value: '1' }]);
  assert.match(await register('c'), /^ResourceInUseException: Consumer c under stream s already exists/);
});

test('as many as the setting says, 50 with On-demand Advantage, five in CREATING at once', async () => {
  await one.streams.stop();
  one = await OneStream.open(1, { limits: 'aws', consumersPerStream: 2 });
  for (const name of ['a', 'b', 'c']) {
    const outcome = await register(name);
    if (name === 'c') assert.match(outcome, /^LimitExceededException: .* limit of 2 registered consumers/);
    else assert.equal(outcome, 'nothing');
    one.world.advance(1000);
  }
  await one.call('UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } });
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 600_000 } });
  for (const name of ['c', 'd', 'e', 'f', 'g']) {
    assert.equal(await register(name), 'nothing');
    one.world.advance(1000);
  }
  assert.match(await register('h'), /^LimitExceededException: .*CREATING/);
});

test('a stream that is not there is named', async () => {
  assert.match(
    await register('c', { StreamARN: `${streamArn}x` }),
    /^ResourceNotFoundException: Stream sx under account/,
  );
});
