import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3 } from '../support.ts';

test('tags are added, replaced, listed in pages and taken away', async () => {
  const firehose = await movableFirehose();
  const named = { DeliveryStreamName: 'd' };
  try {
    await firehose.call('CreateDeliveryStream', { ...named, S3DestinationConfiguration: s3 });
    const tags = (from: number, count: number): object[] =>
      Array.from({ length: count }, (_, index) => ({ Key: `k${String(from + index).padStart(2, '0')}`, Value: 'v' }));
    await firehose.call('TagDeliveryStream', { ...named, Tags: tags(0, 49) });
    await firehose.call('TagDeliveryStream', { ...named, Tags: [{ Key: 'k00', Value: 'other' }, ...tags(49, 1)] });
    assert.match(
      await firehose.refusal('TagDeliveryStream', { ...named, Tags: tags(50, 1) }),
      /^LimitExceededException/,
    );
    assert.match(
      await firehose.refusal('TagDeliveryStream', { ...named, Tags: [{ Key: 'k' }, { Key: 'k' }] }),
      /^InvalidArgumentException/,
    );
    assert.deepEqual(await firehose.call('ListTagsForDeliveryStream', { ...named, Limit: 1 }), {
      Tags: [{ Key: 'k00', Value: 'other' }],
      HasMoreTags: true,
    });
    await firehose.call('UntagDeliveryStream', { ...named, TagKeys: ['k00', 'not there'] });
    const { Tags: left } = await firehose.call('ListTagsForDeliveryStream', { ...named, ExclusiveStartTagKey: 'k47' });
    assert.deepEqual(left, [
      { Key: 'k48', Value: 'v' },
      { Key: 'k49', Value: 'v' },
    ]);
  } finally {
    await firehose.end();
  }
});
