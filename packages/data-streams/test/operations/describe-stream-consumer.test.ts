import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('a consumer by ARN, or by name and stream ARN; CREATING, then ACTIVE', async () => {
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 60_000 } });
  const { Consumer } = await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' });
  const { ConsumerARN } = Consumer as { ConsumerARN: string };
  assert.match(ConsumerARN, /^arn:aws:kinesis:us-east-1:000000000000:stream\/s\/consumer\/c:\d{10}$/);
  const status = async (input: object): Promise<unknown> =>
    ((await one.call('DescribeStreamConsumer', input))['ConsumerDescription'] as { ConsumerStatus: string })
      .ConsumerStatus;
  assert.equal(await status({ ConsumerARN }), 'CREATING');
  one.world.advance(61_000);
  while ((await status({ StreamARN: streamArn, ConsumerName: 'c' })) !== 'ACTIVE')
    await new Promise((resolve) => setImmediate(resolve));
  const { ConsumerDescription } = await one.call('DescribeStreamConsumer', { ConsumerARN });
  assert.deepEqual(Object.keys(ConsumerDescription as object).sort(), [
    'ConsumerARN',
    'ConsumerCreationTimestamp',
    'ConsumerName',
    'ConsumerStatus',
    'StreamARN',
  ]);
});

test('a consumer that is not there, another creation time, and no name at all are refused', async () => {
  assert.match(
    await one.refusal('DescribeStreamConsumer', { StreamARN: streamArn, ConsumerName: 'x' }),
    /^ResourceNotFoundException/,
  );
  await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' });
  assert.match(
    await one.refusal('DescribeStreamConsumer', { ConsumerARN: `${streamArn}/consumer/c:1400000000` }),
    /^ResourceNotFoundException/,
  );
  assert.match(await one.refusal('DescribeStreamConsumer', { ConsumerName: 'c' }), /^InvalidArgumentException/);
});
