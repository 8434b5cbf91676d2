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

test('a policy is taken away once', async () => {
  await one.call('PutResourcePolicy', { ResourceARN: streamArn, Policy: document() });
  await one.call('DeleteResourcePolicy', { ResourceARN: streamArn });
  assert.deepEqual(await one.call('GetResourcePolicy', { ResourceARN: streamArn }), {});
  assert.match(await one.refusal('DeleteResourcePolicy', { ResourceARN: streamArn }), /^ResourceNotFoundException/);
});
