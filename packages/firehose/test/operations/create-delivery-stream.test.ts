import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3 } from '../support.ts';

const arn = 'arn:aws:firehose:us-east-1:000000000000:deliverystream/d';

async function withFirehose(
  run: (firehose: Awaited<ReturnType<typeof movableFirehose>>) => Promise<void>,
  options: Parameters<typeof movableFirehose>[0] = {},
): Promise<void> {
  const firehose = await movableFirehose(options);
  try {
    await run(firehose);
  } finally {
    await firehose.end();
  }
}

test('answers the ARN; the description has what was left out, in both of S3s ways', () =>
  withFirehose(async (firehose) => {
    const created = await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: s3,
      Tags: [{ Key: 'team', Value: 'logs' }, { Key: 'bare' }],
    });
    assert.deepEqual(created, { DeliveryStreamARN: arn });
    await firehose.untilActive('d');
    const { DeliveryStreamDescription: description } = await firehose.call('DescribeDeliveryStream', {
      DeliveryStreamName: 'd',
    });
    const { CreateTimestamp: createdAt, ...rest } = description as Record<string, unknown>;
    assert.equal(typeof createdAt, 'number');
    const common = {
      ...s3,
      BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
      CompressionFormat: 'UNCOMPRESSED',
      EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
      CloudWatchLoggingOptions: { Enabled: false },
    };
    assert.deepEqual(rest, {
      DeliveryStreamName: 'd',
      DeliveryStreamARN: arn,
      DeliveryStreamStatus: 'ACTIVE',
      DeliveryStreamEncryptionConfiguration: { Status: 'DISABLED' },
      DeliveryStreamType: 'DirectPut',
      VersionId: '1',
      HasMoreDestinations: false,
      Destinations: [
        {
          DestinationId: 'destinationId-000000000001',
          S3DestinationDescription: common,
          ExtendedS3DestinationDescription: {
            ...common,
            ProcessingConfiguration: { Enabled: false, Processors: [] },
            S3BackupMode: 'Disabled',
          },
        },
      ],
    });
    const tags = await firehose.call('ListTagsForDeliveryStream', { DeliveryStreamName: 'd' });
    assert.deepEqual(tags, {
      HasMoreTags: false,
      Tags: [
        { Key: 'bare', Value: '' },
        { Key: 'team', Value: 'logs' },
      ],
    });
  }));

test('refuses a name that is taken, no destination, two of them, half of the hints and prefixes that mean nothing', () =>
  withFirehose(async (firehose) => {
    const create = (input: object): Promise<string> =>
      firehose.refusal('CreateDeliveryStream', { DeliveryStreamName: 'd', ...input });
    const extended = (more: object): Promise<string> =>
      create({ ExtendedS3DestinationConfiguration: { ...s3, ...more } });
    assert.match(await create({}), /^InvalidArgumentException: Exactly one destination/);
    assert.match(
      await create({ S3DestinationConfiguration: s3, ExtendedS3DestinationConfiguration: s3 }),
      /^InvalidArgumentException: Exactly one destination/,
    );
    assert.match(await extended({ BufferingHints: { SizeInMBs: 1 } }), /both or neither/);
    assert.match(await extended({ Prefix: '!{timestamp:yyyy}/' }), /ErrorOutputPrefix cannot be null or empty/);
    const errors = 'e/!{firehose:error-output-type}/';
    for (const Prefix of ['!{timestamp:b}', '!{firehose:error-output-type}', '!{nothing:at-all}', 'a!{timestamp:yyyy'])
      assert.match(await extended({ Prefix, ErrorOutputPrefix: errors }), /^InvalidArgumentException: Prefix/, Prefix);
    assert.match(
      await extended({ ErrorOutputPrefix: '!{timestamp:yyyy}/' }),
      /must contain at least one instance of !{firehose:error-output-type}/,
    );
    assert.match(await extended({ CustomTimeZone: 'Mars/Olympus' }), /^InvalidArgumentException/);
    assert.equal(await extended({}), 'nothing');
    assert.equal(await extended({}), 'ResourceInUseException: Firehose d under accountId 000000000000 already exists');
    assert.deepEqual(await firehose.call('ListDeliveryStreams', {}), {
      DeliveryStreamNames: ['d'],
      HasMoreDeliveryStreams: false,
    });
  }));

test('names are listed in order, ten at once', () =>
  withFirehose(async (firehose) => {
    for (let number = 11; number >= 0; number -= 1)
      await firehose.call('CreateDeliveryStream', {
        DeliveryStreamName: `d${String(number).padStart(2, '0')}`,
        S3DestinationConfiguration: s3,
      });
    const first = await firehose.call('ListDeliveryStreams', {});
    assert.equal((first['DeliveryStreamNames'] as string[]).at(-1), 'd09');
    assert.equal(first['HasMoreDeliveryStreams'], true);
    assert.deepEqual(await firehose.call('ListDeliveryStreams', { ExclusiveStartDeliveryStreamName: 'd09' }), {
      DeliveryStreamNames: ['d10', 'd11'],
      HasMoreDeliveryStreams: false,
    });
  }));

test('refuses prefixes of which no object could have a name', () =>
  withFirehose(async (firehose) => {
    const create = (name: string, prefix: string): Promise<string> =>
      firehose.refusal('CreateDeliveryStream', {
        DeliveryStreamName: name,
        ExtendedS3DestinationConfiguration: {
          ...s3,
          Prefix: prefix,
          ErrorOutputPrefix: '!{firehose:error-output-type}/',
        },
      });
    for (const prefix of ['a\0b', 'a\ud800b', "!{timestamp:'\0'}"])
      assert.match(await create('d', prefix), /^InvalidArgumentException: Prefix has a character that/, prefix);
    for (const prefix of ['x'.repeat(1024), '語'.repeat(320), `!{timestamp:${'y'.repeat(1000)}}/`])
      assert.match(await create('d', prefix), /^InvalidArgumentException: Prefix makes names of objects that/);
    assert.equal(await create('d', 'x'.repeat(940)), 'nothing');
  }));
