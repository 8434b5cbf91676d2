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

test('a policy is given back as it was put, takes an earlier one’s place, and outlives a restart', async () => {
  await one.call('PutResourcePolicy', { ResourceARN: streamArn, Policy: document({ Action: 'kinesis:*' }) });
  await one.call('PutResourcePolicy', { ResourceARN: streamArn, Policy: document() });
  const again = await one.streams.restart();
  assert.deepEqual(await again.call('GetResourcePolicy', { ResourceARN: streamArn }), { Policy: document() });
  await again.stop();
  one = await OneStream.open(1);
});

test('what is no policy is refused, and so is an ARN of nothing', async () => {
  const put = (Policy: string, ResourceARN = streamArn): Promise<string> =>
    one.refusal('PutResourcePolicy', { ResourceARN, Policy });
  for (const Policy of ['{', '[]', 'null', '{}', document({ Effect: 'Maybe' }), document({ Principal: undefined })])
    assert.match(await put(Policy), /^InvalidArgumentException/, Policy);
  assert.match(await put(document(), `${streamArn}x`), /^ResourceNotFoundException/);
  assert.deepEqual(await one.call('GetResourcePolicy', { ResourceARN: streamArn }), {});
});
