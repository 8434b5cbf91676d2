import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const gone = async (): Promise<void> => {
  while ((await one.refusal('DescribeStreamSummary', { StreamName: 's' })) === 'nothing')
    await new Promise((resolve) => setImmediate(resolve));
};

test('a stream is DELETING, answers no data call any more, and is then gone with its records, tags and policy', async () => {
  const ShardIterator = await one.iterator('TRIM_HORIZON');
  await one.put('0');
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'kinesis:GetRecords', Resource: streamArn }];
  await one.call('PutResourcePolicy', { ResourceARN: streamArn, Policy: JSON.stringify({ Statement }) });
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 60_000 } });
  await one.call('DeleteStream', { StreamName: 's' });
  assert.equal((await one.summary())['StreamStatus'], 'DELETING');
  assert.match(
    await one.refusal('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'MA==' }),
    /^ResourceNotFoundException/,
  );
  assert.match(await one.refusal('DeleteStream', { StreamName: 's' }), /^ResourceInUseException/);
  one.world.advance(61_000);
  await gone();
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 0 } });
  await one.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await one.active();
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), []);
  assert.deepEqual(await one.call('GetResourcePolicy', { ResourceARN: streamArn }), {});
  assert.match(await one.refusal('GetRecords', { ShardIterator }), /^ResourceNotFoundException/);
});

test('a stream with consumers is kept, unless they are to go with it', async () => {
  await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' });
  assert.match(
    await one.refusal('DeleteStream', { StreamName: 's' }),
    /^ResourceInUseException: Stream s under account 000000000000 has registered consumers/,
  );
  await one.call('DeleteStream', { StreamARN: streamArn, EnforceConsumerDeletion: true });
  await gone();
});

test('a deletion that a restart interrupts is finished after it', async () => {
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 60_000 } });
  await one.call('DeleteStream', { StreamName: 's' });
  const again = await one.streams.restart();
  one.world.advance(61_000);
  while ((await again.refusal('DescribeStreamSummary', { StreamName: 's' })) === 'nothing')
    await new Promise((resolve) => setImmediate(resolve));
  await again.stop();
  one = await OneStream.open(1);
});

test('a stream that is not there is named', async () => {
  assert.equal(
    await one.refusal('DeleteStream', { StreamName: 'x' }),
    'ResourceNotFoundException: Stream x under account 000000000000 not found.',
  );
});
