import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { movableFirehose, s3, until } from './support.ts';

const backup = { RoleARN: s3.RoleARN, BucketARN: 'arn:aws:s3:::backup', Prefix: 'source/', CompressionFormat: 'GZIP' };
const destination = {
  ...s3,
  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
  ErrorOutputPrefix: 'bad/!{firehose:error-output-type}/',
  Prefix: 'good/',
  ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'Decompression' }] },
};

test('source records go to the backup as they came in, once, before they are delivered', async () => {
  const firehose = await movableFirehose();
  const { objects } = firehose;
  const keep = objects.put.bind(objects);
  let refusals = 2;
  objects.put = (object) => {
    if (object.bucket === 'logs' && refusals > 0) {
      refusals -= 1;
      return Promise.reject(new Error('503 Slow Down'));
    }
    return keep(object);
  };
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: { ...destination, S3BackupMode: 'Enabled', S3BackupConfiguration: backup },
    });
    await firehose.untilActive('d');
    const sources = [gzipSync('one '), Buffer.from('no gzip'), gzipSync('two ')];
    const Records = sources.map((data) => ({ Data: data.toString('base64') }));
    await firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
    await until(() => {
      firehose.world.advance(10_000);
      return objects.stored.length === 3;
    });
    const [kept, good, bad] = objects.stored;
    assert.equal(kept!.bucket, 'backup');
    assert.match(kept!.key, /^source\/\d{4}\/\d\d\/\d\d\/\d\d\/d-1-.*\.gz$/);
    assert.deepEqual(gunzipSync(kept!.body), Buffer.concat(sources));
    assert.equal(String(good!.body), 'one two ');
    assert.match(bad!.key, /^bad\/decompression-failed\//);
    assert.equal(refusals, 0);
  } finally {
    await firehose.end();
  }
});

test('backup needs a bucket, can be enabled and changed later, and not disabled again', async () => {
  const firehose = await movableFirehose();
  try {
    const create = (more: object): Promise<string> =>
      firehose.refusal('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        ExtendedS3DestinationConfiguration: { ...s3, ...more },
      });
    assert.match(await create({ S3BackupMode: 'Enabled' }), /S3BackupConfiguration must be specified/);
    const wrong = { ...backup, Prefix: '!{timestamp:yyyy}/' };
    assert.match(
      await create({ S3BackupMode: 'Enabled', S3BackupConfiguration: wrong }),
      /ErrorOutputPrefix cannot be null/,
    );
    assert.equal(await create({}), 'nothing');
    await firehose.untilActive('d');
    let version = 0;
    const update = (ExtendedS3DestinationUpdate: object): Promise<string> =>
      firehose.refusal('UpdateDestination', {
        DeliveryStreamName: 'd',
        CurrentDeliveryStreamVersionId: String((version += 1)),
        DestinationId: 'destinationId-000000000001',
        ExtendedS3DestinationUpdate,
      });
    assert.equal(await update({ S3BackupMode: 'Enabled', S3BackupUpdate: backup }), 'nothing');
    assert.equal(await update({ S3BackupUpdate: { Prefix: 'other/' } }), 'nothing');
    assert.match(await update({ S3BackupMode: 'Disabled' }), /cannot be disabled once it is enabled/);
    const { DeliveryStreamDescription: description } = (await firehose.call('DescribeDeliveryStream', {
      DeliveryStreamName: 'd',
    })) as { DeliveryStreamDescription: { Destinations: { ExtendedS3DestinationDescription: object }[] } };
    const { S3BackupMode: mode, S3BackupDescription: described } = description.Destinations[0]!
      .ExtendedS3DestinationDescription as { S3BackupMode: string; S3BackupDescription: Record<string, unknown> };
    assert.equal(mode, 'Enabled');
    assert.equal(described['Prefix'], 'other/');
    assert.equal(described['CompressionFormat'], 'GZIP');
  } finally {
    await firehose.end();
  }
});
