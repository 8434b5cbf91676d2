import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firehoseRoom } from '../src/rooms.ts';

test('a policy is asked about the ARN that the delivery stream has, in every partition', () => {
  const { resourcesOf } = firehoseRoom({} as never);
  const arnIn = (region: string): string =>
    resourcesOf!({ DeliveryStreamName: 'd' } as never, { account: '000000000000', region } as never).arn;
  assert.equal(arnIn('us-east-1'), 'arn:aws:firehose:us-east-1:000000000000:deliverystream/d');
  assert.equal(arnIn('cn-north-1'), 'arn:aws-cn:firehose:cn-north-1:000000000000:deliverystream/d');
});
