/** Few files are made at once: none of them is to keep the others waiting for what has nothing to do with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conversions, StoredObject } from '@millrace/firehose';
import { movableFirehose, s3, until } from './support.ts';

/** Converts what is not "bad", to itself. */
const conversions: Conversions = {
  columns: () => [{ name: 'a', type: 'string' }],
  begin(_, sink) {
    let rows = 0;
    return Promise.resolve({
      async add(records) {
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
