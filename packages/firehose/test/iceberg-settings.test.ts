import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogArn, configuration, orders, processor, withTables } from './iceberg-stage.ts';
import type { Opened } from './iceberg-stage.ts';
import { s3 } from './support.ts';

async function described({ call }: Opened): Promise<Record<string, unknown>> {
  const { DeliveryStreamDescription: description } = await call('DescribeDeliveryStream', { DeliveryStreamName: 'd' });
  const [destination] = (description as { Destinations: Record<string, Record<string, unknown>>[] }).Destinations;
  return destination!['IcebergDestinationDescription']!;
}

function update({ refusal }: Opened, version: number, member: string, given: object): Promise<string> {
  return refusal('UpdateDestination', {
    DeliveryStreamName: 'd',
    DestinationId: 'destinationId-000000000001',
    CurrentDeliveryStreamVersionId: String(version),
    [member]: given,
  });
}

test("what is left out has AWS's defaults; an update leaves what it does not name", () =>
  withTables({ BufferingHints: undefined }, async (firehose) => {
    const first = await described(firehose);
    assert.deepEqual(first['BufferingHints'], { SizeInMBs: 5, IntervalInSeconds: 300 });
    assert.deepEqual(first['RetryOptions'], { DurationInSeconds: 300 });
    assert.equal(first['S3BackupMode'], 'FailedDataOnly');
    assert.equal(first['AppendOnly'], false);
    assert.deepEqual(first['DestinationTableConfigurationList'], [orders]);
    const answers = [
      await update(firehose, 1, 'IcebergDestinationUpdate', {
        AppendOnly: true,
        CatalogConfiguration: { WarehouseLocation: 's3://lake/' },
        RetryOptions: { DurationInSeconds: 7 },
        S3Configuration: { ...s3, Prefix: 'else/' },
      }),
      await update(firehose, 2, 'IcebergDestinationUpdate', { BufferingHints: { SizeInMBs: 2 } }),
      await update(firehose, 2, 'S3DestinationUpdate', s3),
      await update(firehose, 3, 'IcebergDestinationUpdate', { AppendOnly: true }),
    ];
    assert.equal(answers[0], 'nothing');
    assert.match(answers[1]!, /^InvalidArgumentException: Either both or neither/);
    assert.equal(answers[2], 'nothing');
    assert.match(answers[3]!, /^InvalidArgumentException: RoleARN, CatalogConfiguration and S3Configuration/);
    assert.equal(await update(firehose, 3, 'IcebergDestinationUpdate', configuration), 'nothing');
  }));

test('an update is merged into what is there', () =>
  withTables({}, async (firehose) => {
    const { S3DestinationDescription: _, ...first } = await described(firehose);
    const given = {
      CatalogConfiguration: { WarehouseLocation: 's3://lake/' },
      RetryOptions: { DurationInSeconds: 7 },
      S3Configuration: { ...s3, Prefix: 'else/' },
    };
    assert.equal(await update(firehose, 1, 'IcebergDestinationUpdate', given), 'nothing');
    const { S3DestinationDescription: bucket, ...then } = await described(firehose);
    assert.deepEqual(then, {
      ...first,
      CatalogConfiguration: { CatalogARN: catalogArn, WarehouseLocation: 's3://lake/' },
      RetryOptions: { DurationInSeconds: 7 },
    });
    assert.equal((bucket as { Prefix: string }).Prefix, 'else/');
  }));

const wrong: readonly (readonly [string, object, RegExp])[] = [
  ['no ARN', { CatalogConfiguration: {} }, /CatalogARN must be specified/],
  [
    'a catalog that nobody named',
    { CatalogConfiguration: { CatalogARN: `${catalogArn}/other` } },
    /Where the catalog \S+ is, is not known here: name it in --iceberg-catalogs/,
  ],
  ['unique keys', { DestinationTableConfigurationList: [{ ...orders, UniqueKeys: ['id'] }] }, /UniqueKeys cannot be/],
  ['schema evolution', { SchemaEvolutionConfiguration: { Enabled: true } }, /does not change the schema/],
  ['table creation', { TableCreationConfiguration: { Enabled: true } }, /does not create Iceberg tables/],
  ['no table', { DestinationTableConfigurationList: undefined }, /must have exactly one table where no processor/],
  ['two tables', { DestinationTableConfigurationList: [orders, orders] }, /must have exactly one table where no proc/],
  [
    'a query that is none',
    processor('MetadataExtraction', { MetadataExtractionQuery: '{', JsonParsingEngine: 'JQ-1.6' }),
    /MetadataExtractionQuery cannot be run/,
  ],
  ['half of the hints', { BufferingHints: { SizeInMBs: 1 } }, /Either both or neither/],
  ['too long a retry', { RetryOptions: { DurationInSeconds: 7201 } }, /7200/],
  [
    'a prefix that does not end',
    { DestinationTableConfigurationList: [{ ...orders, S3ErrorOutputPrefix: 'x/!{timestamp' }] },
    /ErrorOutputPrefix has an expression that does not end/,
  ],
];

test('what could not be delivered is refused, and makes nothing', () =>
  withTables({}, async (firehose) => {
    for (const [what, given, said] of wrong)
      assert.match(
        await firehose.refusal('CreateDeliveryStream', {
          DeliveryStreamName: 'e',
          IcebergDestinationConfiguration: { ...configuration, ...given },
        }),
        said,
        what,
      );
    assert.deepEqual((await firehose.call('ListDeliveryStreams', {}))['DeliveryStreamNames'], ['d']);
  }));
