import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3 } from '../support.ts';

const id = { DeliveryStreamName: 'd', DestinationId: 'destinationId-000000000001' };

test('merges with what stands, counts the version up, and refuses a version that is not the present one', async () => {
  const firehose = await movableFirehose();
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: {
        ...s3,
        Prefix: 'a/',
        BufferingHints: { SizeInMBs: 7, IntervalInSeconds: 60 },
      },
    });
    await firehose.untilActive('d');
    const update = { ExtendedS3DestinationUpdate: { CompressionFormat: 'GZIP' } };
    await firehose.call('UpdateDestination', { ...id, CurrentDeliveryStreamVersionId: '1', ...update });
    const { DeliveryStreamDescription: description } = (await firehose.call('DescribeDeliveryStream', {
      DeliveryStreamName: 'd',
    })) as { DeliveryStreamDescription: { VersionId: string; Destinations: Record<string, object>[] } };
    assert.equal(description.VersionId, '2');
    const extended = description.Destinations[0]!['ExtendedS3DestinationDescription'] as Record<string, unknown>;
    assert.equal(extended['CompressionFormat'], 'GZIP');
    assert.equal(extended['Prefix'], 'a/');
    assert.deepEqual(extended['BufferingHints'], { SizeInMBs: 7, IntervalInSeconds: 60 });
    assert.match(
      await firehose.refusal('UpdateDestination', { ...id, CurrentDeliveryStreamVersionId: '1', ...update }),
      /^ConcurrentModificationException: .*current version id: 2 and specified version id: 1 do not match/,
    );
    // Sent before the update that is under way is done: it is not to be merged with what that changes.
    const [, early] = await Promise.all([
      firehose.call('UpdateDestination', { ...id, CurrentDeliveryStreamVersionId: '2', ...update }),
      firehose.refusal('UpdateDestination', {
        ...id,
        CurrentDeliveryStreamVersionId: '3',
        ExtendedS3DestinationUpdate: { Prefix: 'b/' },
      }),
    ]);
    assert.match(early, /^ConcurrentModificationException: .*current version id: 2 and specified version id: 3/);
    assert.match(
      await firehose.refusal('UpdateDestination', {
        ...id,
        DestinationId: 'destinationId-2',
        CurrentDeliveryStreamVersionId: '2',
        ...update,
      }),
      /^InvalidArgumentException/,
    );
  } finally {
    await firehose.end();
  }
});

test('two at once: one alone is done', async () => {
  const firehose = await movableFirehose();
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    const update = (Prefix: string): Promise<string> =>
      firehose.refusal('UpdateDestination', {
        ...id,
        CurrentDeliveryStreamVersionId: '1',
        S3DestinationUpdate: { Prefix },
      });
    const outcomes = await Promise.all([update('a/'), update('b/')]);
    assert.deepEqual(
      outcomes.map((outcome) => String(outcome.split(':')[0])).toSorted((a, b) => a.localeCompare(b)),
      ['ConcurrentModificationException', 'nothing'],
    );
  } finally {
    await firehose.end();
  }
});

test('empty hints change nothing; half of a backup is refused where none stands', async () => {
  const firehose = await movableFirehose();
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    const update = (ExtendedS3DestinationUpdate: object): Promise<string> =>
      firehose.refusal('UpdateDestination', {
        ...id,
        CurrentDeliveryStreamVersionId: '1',
        ExtendedS3DestinationUpdate,
      });
    assert.match(
      await update({ S3BackupUpdate: { Prefix: 'x' } }),
      /^InvalidArgumentException: S3 backup must have a RoleARN and a BucketARN/,
    );
    assert.equal(await update({ BufferingHints: {} }), 'nothing');
    const { destination } = [...firehose.firehose.service.state.deliveryStreams.values()][0]!;
    assert.deepEqual(destination.type === 'S3' && destination.s3.BufferingHints, {
      SizeInMBs: 5,
      IntervalInSeconds: 300,
    });
  } finally {
    await firehose.end();
  }
});
