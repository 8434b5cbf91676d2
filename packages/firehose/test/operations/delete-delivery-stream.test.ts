import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3 } from '../support.ts';

test('a delivery stream that is deleted takes nothing more, goes, and its name can be had again, without its records', async () => {
  const firehose = await movableFirehose();
  const named = { DeliveryStreamName: 'd' };
  try {
    await firehose.call('CreateDeliveryStream', { ...named, S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    await firehose.call('PutRecord', { ...named, Record: { Data: 'b2xk' } });
    await firehose.call('DeleteDeliveryStream', named);
    assert.match(
      await firehose.refusal('PutRecord', { ...named, Record: { Data: 'YQ==' } }),
      /^ResourceNotFoundException: Firehose d under account 000000000000 not found/,
    );
    while ((await firehose.refusal('DescribeDeliveryStream', named)) === 'nothing')
      await new Promise((resolve) => setTimeout(resolve, 2));
    assert.match(await firehose.refusal('DeleteDeliveryStream', named), /^ResourceNotFoundException/);
    const hints = { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } };
    await firehose.call('CreateDeliveryStream', { ...named, S3DestinationConfiguration: { ...s3, ...hints } });
    await firehose.untilActive('d');
    await firehose.call('PutRecord', { ...named, Record: { Data: 'bmV3' } });
    while (firehose.objects.stored.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.equal(String(firehose.objects.stored[0]!.body), 'new');
  } finally {
    await firehose.end();
  }
});

test('one that is CREATING cannot be deleted', async () => {
  const firehose = await movableFirehose({ transitionMs: 60_000 });
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    assert.match(
      await firehose.refusal('DeleteDeliveryStream', { DeliveryStreamName: 'd' }),
      /^ResourceInUseException/,
    );
  } finally {
    await firehose.end();
  }
});
