/** DataFormatConversionConfiguration as it is taken, refused and told. Orders and words are AWS's where users recorded them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnusableConversion } from '@millrace/firehose';
import type { Conversions } from '@millrace/firehose';
import { AwsError } from '@millrace/model';
import { movableFirehose, s3 } from './support.ts';

const conversions: Conversions = {
  columns({ tableName, region, versionId }) {
    if (tableName !== 'orders') throw new AwsError('EntityNotFoundException', `Table ${tableName} not found.`);
    return [{ name: `${region} ${versionId ?? 'newest'}`, type: 'string' }];
  },
  begin({ deserializer }) {
    if (deserializer.HiveJsonSerDe?.TimestampFormats?.includes('nonsense') === true)
      return Promise.reject(new UnusableConversion('nonsense is no pattern'));
    return Promise.resolve({
      add: () => Promise.resolve([]),
      finish: () => Promise.resolve({ rows: 0 }),
      close: () => Promise.resolve(),
    });
  },
};

const input = { Deserializer: { OpenXJsonSerDe: {} } };
const output = { Serializer: { ParquetSerDe: {} } };
const schema = { RoleARN: s3.RoleARN, DatabaseName: 'shop', TableName: 'orders' };
const whole = { InputFormatConfiguration: input, OutputFormatConfiguration: output, SchemaConfiguration: schema };

type Described = Record<string, object> & { BufferingHints: object };

async function withFirehose(
  run: (at: {
    refused(conversion: object, more?: object): Promise<string>;
    create(conversion: object, more?: object): Promise<void>;
    update(given: object): Promise<string>;
    described(): Promise<Described>;
  }) => Promise<void>,
): Promise<void> {
  const firehose = await movableFirehose({ conversions });
  const creation = (conversion: object, more = {}): object => ({
    DeliveryStreamName: 'd',
    ExtendedS3DestinationConfiguration: { ...s3, ...more, DataFormatConversionConfiguration: conversion },
  });
  const description = async (): Promise<{ VersionId: string; Destinations: Record<string, Described>[] }> => {
    const answer = await firehose.call('DescribeDeliveryStream', { DeliveryStreamName: 'd' });
    return answer['DeliveryStreamDescription'] as { VersionId: string; Destinations: Record<string, Described>[] };
  };
  try {
    await run({
      refused: (conversion, more) => firehose.refusal('CreateDeliveryStream', creation(conversion, more)),
      async create(conversion, more) {
        await firehose.call('CreateDeliveryStream', creation(conversion, more));
        await firehose.untilActive('d');
      },
      update: async (given) =>
        firehose.refusal('UpdateDestination', {
          DeliveryStreamName: 'd',
          CurrentDeliveryStreamVersionId: (await description()).VersionId,
          DestinationId: 'destinationId-000000000001',
          ExtendedS3DestinationUpdate: given,
        }),
      described: async () => (await description()).Destinations[0]!['ExtendedS3DestinationDescription']!,
    });
  } finally {
    await firehose.end();
  }
}

test('is told as it was given, with hints of its own', () =>
  withFirehose(async ({ create, described }) => {
    await create(whole);
    const { BufferingHints: hints, DataFormatConversionConfiguration: conversion } = await described();
    assert.deepEqual(hints, { SizeInMBs: 128, IntervalInSeconds: 300 });
    assert.deepEqual(conversion, whole);
  }));

test('refuses compression, small buffers and what is missing, in this order', () =>
  withFirehose(async ({ refused }) => {
    const small = { BufferingHints: { SizeInMBs: 63, IntervalInSeconds: 60 } };
    assert.match(
      await refused({}, { CompressionFormat: 'GZIP', ...small }),
      /^InvalidArgumentException: The S3 destination's compression format must be set to UNCOMPRESSED when/,
    );
    assert.match(await refused({}, small), /SizeInMBs must be at least 64 when data format conversion is enabled\.$/);
    const cases: readonly (readonly [object, string])[] = [
      [{}, 'InputFormatConfiguration must not be null'],
      [{ InputFormatConfiguration: input }, 'OutputFormatConfiguration must not be null'],
      [{ ...whole, SchemaConfiguration: undefined }, 'SchemaConfiguration must not be null'],
      [{ ...whole, InputFormatConfiguration: { Deserializer: {} } }, 'Deserializer must not be null'],
      [{ ...whole, OutputFormatConfiguration: {} }, 'Serializer must not be null'],
      [
        { ...whole, InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {}, HiveJsonSerDe: {} } } },
        'More than one deserializer specified. Only one may be chosen.',
      ],
      [
        { ...whole, OutputFormatConfiguration: { Serializer: { OrcSerDe: {}, ParquetSerDe: {} } } },
        'More than one serializer specified. Only one may be chosen.',
      ],
      ...(['RoleARN', 'DatabaseName', 'TableName'] as const).map(
        (name) =>
          [
            { ...whole, SchemaConfiguration: { ...schema, [name]: undefined } },
            `SchemaConfiguration.${name === 'RoleARN' ? 'RoleArn' : name} must not be null or empty`,
          ] as const,
      ),
    ];
    for (const [conversion, message] of cases)
      assert.equal(await refused(conversion), `InvalidArgumentException: ${message}`);
    const serializer = { Serializer: { ParquetSerDe: { BlockSizeBytes: 1024 } } };
    assert.match(await refused({ ...whole, OutputFormatConfiguration: serializer }), /^ValidationException.*67108864/);
  }));

test('refuses a table that is not there, and options that mean nothing', () =>
  withFirehose(async ({ refused }) => {
    assert.match(
      await refused({ ...whole, SchemaConfiguration: { ...schema, TableName: 'others' } }),
      /^InvalidArgumentException: .*EntityNotFoundException: Table others not found\.$/,
    );
    const hive = { Deserializer: { HiveJsonSerDe: { TimestampFormats: ['nonsense'] } } };
    assert.match(
      await refused({ ...whole, InputFormatConfiguration: hive }),
      /^InvalidArgumentException: .*nonsense is no pattern/,
    );
  }));

test('switched off it is kept and checks nothing; an update of a part keeps the rest', () =>
  withFirehose(async ({ create, update, described }) => {
    await create(whole);
    assert.match(await update({ CompressionFormat: 'GZIP' }), /must be set to UNCOMPRESSED/);
    assert.equal(
      await update({ CompressionFormat: 'GZIP', DataFormatConversionConfiguration: { Enabled: false } }),
      'nothing',
    );
    assert.deepEqual((await described())['DataFormatConversionConfiguration'], { ...whole, Enabled: false });
    const on = { DataFormatConversionConfiguration: { Enabled: true } };
    assert.match(await update(on), /must be set to UNCOMPRESSED/);
    assert.equal(await update({ ...on, CompressionFormat: 'UNCOMPRESSED' }), 'nothing');
    const version = { SchemaConfiguration: { VersionId: '3' } };
    assert.equal(await update({ DataFormatConversionConfiguration: version }), 'nothing');
    assert.deepEqual((await described())['DataFormatConversionConfiguration'], {
      ...whole,
      Enabled: true,
      SchemaConfiguration: { ...schema, VersionId: '3' },
    });
  }));

test('where it comes to a delivery stream with small buffers it is refused', () =>
  withFirehose(async ({ create, update }) => {
    await create({ Enabled: false });
    const on = { DataFormatConversionConfiguration: { ...whole, Enabled: true } };
    assert.match(await update(on), /must be at least 64/);
    assert.equal(await update({ ...on, BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 } }), 'nothing');
  }));
