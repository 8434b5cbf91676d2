/** Few files are made at once: none of them is to keep the others waiting for what has nothing to do with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conversions, QueryEngine, StoredObject } from '@millrace/firehose';
import { movableFirehose, s3, until } from './support.ts';

const calls: number[] = [];

/** Converts what is not "bad", to itself. */
const conversions: Conversions = {
  columns: () => [{ name: 'a', type: 'string' }],
  begin(_, sink) {
    let rows = 0;
    return Promise.resolve({
      async add(records) {
        calls.push(records.length);
        const bad = [...records.entries()].filter(([, record]) => String(record) === 'bad');
        rows += records.length - bad.length;
        if (bad.length < records.length) sink(Buffer.concat(records));
        return bad.map(([index]) => ({ index, errorCode: 'DataFormatConversion.ParseError', errorMessage: 'bad' }));
      },
      finish: () => Promise.resolve({ rows }),
      close: () => Promise.resolve(),
    });
  },
};

const DataFormatConversionConfiguration = {
  InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
  OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
  SchemaConfiguration: { RoleARN: s3.RoleARN, DatabaseName: 'shop', TableName: 'orders' },
};

test(
  'records that do not convert, and cannot be stored, hold up no other delivery stream',
  { timeout: 30_000 },
  async () => {
    const hanging: (() => void)[] = [];
    const stored: string[] = [];
    const objects = {
      async put({ key }: StoredObject): Promise<void> {
        if (key.startsWith('format-conversion-failed/')) await new Promise<void>((resolve) => hanging.push(resolve));
        stored.push(key);
      },
    };
    const firehose = await movableFirehose({ conversions, objects });
    const deliverFrom = async (name: string, text: string): Promise<void> => {
      await firehose.call('CreateDeliveryStream', {
        DeliveryStreamName: name,
        ExtendedS3DestinationConfiguration: { ...s3, DataFormatConversionConfiguration },
      });
      await firehose.untilActive(name);
      const Record = { Data: Buffer.from(text).toString('base64') };
      await firehose.call('PutRecord', { DeliveryStreamName: name, Record });
    };
    try {
      const bad = ['one', 'two', 'three'];
      for (const name of bad) await deliverFrom(name, 'bad');
      firehose.world.advance(300_000);
      await until(() => hanging.length === bad.length);
      await deliverFrom('good', 'good');
      await until(() => {
        firehose.world.advance(300_000);
        return stored.length > 0;
      });
      assert.match(stored[0]!, /good-1-.*\.parquet$/);
    } finally {
      for (const goOn of hanging) goOn();
      await firehose.end();
    }
  },
);

test('a partition is converted a part at a time', { timeout: 30_000 }, async () => {
  calls.length = 0;
  const queries: QueryEngine = {
    check: () => Promise.resolve(undefined),
    run: (_, texts) => Promise.resolve(texts.map(() => ({ values: [{ k: 'one' }] }))),
    stop: () => Promise.resolve(),
  };
  const firehose = await movableFirehose({ conversions, queries });
  const Parameters = Object.entries({ MetadataExtractionQuery: '{k:"one"}', JsonParsingEngine: 'JQ-1.6' }).map(
    ([ParameterName, ParameterValue]) => ({ ParameterName, ParameterValue }),
  );
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: {
        ...s3,
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
        Prefix: '!{partitionKeyFromQuery:k}/',
        ErrorOutputPrefix: 'bad/',
        DynamicPartitioningConfiguration: { Enabled: true },
        ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'MetadataExtraction', Parameters }] },
        DataFormatConversionConfiguration,
      },
    });
    await firehose.untilActive('d');
    const Data = Buffer.alloc(600 << 10, 'x').toString('base64');
    for (let count = 0; count < 5; count += 1)
      await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data } });
    await until(() => {
      firehose.world.advance(60_000);
      return firehose.objects.stored.length > 0;
    });
    assert.deepEqual(calls, [2, 2, 1]);
    assert.equal(firehose.objects.stored[0]!.body.length, 5 * (600 << 10));
  } finally {
    await firehose.end();
  }
});
