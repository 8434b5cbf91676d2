import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const document = (change: object = {}): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: '111111111111' },
        Action: 'kinesis:GetRecords',
        Resource: streamArn,
        ...change,
      },
    ],
  });

test('without a policy the answer is empty; consumers have policies of their own', async () => {
  assert.deepEqual(await one.call('GetResourcePolicy', { ResourceARN: streamArn }), {});
  const { Consumer } = await one.call('RegisterStreamConsumer', { StreamARN: streamArn, ConsumerName: 'c' });
  const { ConsumerARN: ResourceARN } = Consumer as { ConsumerARN: string };
  await one.call('PutResourcePolicy', { ResourceARN, Policy: document() });
  assert.deepEqual(await one.call('GetResourcePolicy', { ResourceARN }), { Policy: document() });
  assert.deepEqual(await one.call('GetResourcePolicy', { ResourceARN: streamArn }), {});
  assert.match(await one.refusal('GetResourcePolicy', { ResourceARN: `${streamArn}x` }), /^ResourceNotFoundException/);
});
