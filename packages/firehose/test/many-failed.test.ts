import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FunctionInvoker, QueryEngine, StoredObject } from '@millrace/firehose';
import { Delivery } from '../src/delivery/delivery.ts';
import type { FailedRecord } from '../src/delivery/failed-record.ts';
import type { ProcessedRecord } from '../src/processing/processed-record.ts';
import type { Take } from '../src/processing/processing.ts';
import { MemoryObjects, movableFirehose, s3, until } from './support.ts';

/** More than a call of a function can have as its arguments. */
const many = 150_000;

const partitioned = {
  ...s3,
  BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
  Prefix: 'k=!{partitionKeyFromQuery:k}/',
  ErrorOutputPrefix: 'bad/!{firehose:error-output-type}/',
  DynamicPartitioningConfiguration: { Enabled: true, RetryOptions: { DurationInSeconds: 0 } },
  ProcessingConfiguration: {
    Enabled: true,
    Processors: [
      {
        Type: 'MetadataExtraction',
        Parameters: [
          { ParameterName: 'MetadataExtractionQuery', ParameterValue: '{k:.k}' },
          { ParameterName: 'JsonParsingEngine', ParameterValue: 'JQ-1.6' },
        ],
      },
    ],
  },
};

/** As jq answers to {k:.k}, in less time. */
const queries: QueryEngine = {
  check: () => Promise.resolve(undefined),
  run: (_, texts) => Promise.resolve(texts.map((text) => ({ values: [JSON.parse(text) as unknown] }))),
  stop: () => Promise.resolve(),
};

class PickyObjects extends MemoryObjects {
  override async put(object: StoredObject): Promise<void> {
    if (object.key.startsWith('k=refused/')) throw new Error('refused');
    await super.put(object);
  }
}

function linesBelow({ stored }: MemoryObjects, prefix: string): string[] {
  return stored.flatMap(({ key, body }) => (key.startsWith(prefix) ? String(body).trimEnd().split('\n') : []));
}

async function deliverMany(record: object, objects: MemoryObjects): Promise<void> {
  const firehose = await movableFirehose({ queries, objects });
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: partitioned,
    });
    await firehose.untilActive('d');
    const Records = Array.from({ length: 500 }, () => ({
      Data: Buffer.from(JSON.stringify(record)).toString('base64'),
    }));
    for (let count = 0; count < many; count += 500)
      await firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
    await until(() => {
      firehose.world.advance(30_000);
      return firehose.firehose.metrics()['records'] === many;
    }, 60_000);
  } finally {
    await firehose.end();
  }
}

test('as many records as there are may have no partition key', { timeout: 120_000 }, async () => {
  const objects = new MemoryObjects();
  await deliverMany({}, objects);
  assert.equal(linesBelow(objects, 'bad/metadata-extraction-failed/').length, many);
});

test('as many records as there are may be in a partition that cannot be stored', { timeout: 120_000 }, async () => {
  const objects = new PickyObjects();
  await deliverMany({ k: 'refused' }, objects);
  assert.equal(linesBelow(objects, 'bad/dynamic-partitioning-failed/').length, many);
});

test('records that become a thousand times what they were go on piece by piece', { timeout: 120_000 }, async () => {
  const mebibytes = 8;
  const plain = Buffer.alloc(mebibytes << 20, 'x');
  const records = 60;
  const Data = gzipSync(plain).toString('base64');
  let [added, biggest] = [0, 0];
  const compressor = {
    add(piece: Buffer): void {
      added += piece.length;
      biggest = Math.max(biggest, piece.length);
    },
    finish: () => Promise.resolve([]),
    discard: () => undefined,
  };
  const firehose = await movableFirehose({ compressors: { UNCOMPRESSED: () => compressor } });
  try {
    await firehose.call('CreateDeliveryStream', {
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: {
        ...s3,
        ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'Decompression' }] },
      },
    });
    await firehose.untilActive('d');
    await firehose.call('PutRecordBatch', {
      DeliveryStreamName: 'd',
      Records: Array.from({ length: records }, () => ({ Data })),
    });
    await until(() => {
      firehose.world.advance(300_000);
      return firehose.firehose.metrics()['records'] === records;
    }, 60_000);
    assert.equal(added, records * plain.length);
    assert.equal(biggest, plain.length);
  } finally {
    await firehose.end();
  }
});

test('what processing makes of a window is held up to a bound; the rest goes to the error prefix', async () => {
  const stored: string[] = [];
  const data = Buffer.alloc(100 << 20);
  const records = Array.from({ length: 5 }, (_, piece) => ({ data, arrivalMs: 0, logId: 1, index: 0, piece }));
  const delivery = Object.assign(Object.create(Delivery.prototype) as Delivery, {
    async process(_: undefined, take: Take): Promise<FailedRecord[]> {
      for (const record of records) await take([record]);
      return [];
    },
    storeFailed: (_: string, failed: readonly FailedRecord[], part: string): Promise<void> => {
      for (const { code } of failed) stored.push(`${part}: ${code}`);
      return Promise.resolve();
    },
  });
  const held: ProcessedRecord[] = [];
  const failed = await delivery.collect(undefined, held);
  assert.deepEqual(
    held.map(({ piece }) => piece),
    [0, 1],
  );
  // Those that are large are stored at once.
  assert.deepEqual(
    [...stored, ...failed.map(({ code }) => code)],
    ['collected 1: Processing.TooLarge', 'collected 2: Processing.TooLarge', 'collected 3: Processing.TooLarge'],
  );
});

test(
  'a record that no call can have fails without one, and the others are transformed',
  { timeout: 30_000 },
  async () => {
    const called: string[][] = [];
    const functions: FunctionInvoker = {
      invoke({ payload }) {
        const { records } = JSON.parse(String(payload)) as { records: { recordId: string; data: string }[] };
        called.push(records.map(({ data }) => String(Buffer.from(data, 'base64'))));
        const answer = { records: records.map((record) => ({ ...record, result: 'Ok' })) };
        return Promise.resolve({ payload: Buffer.from(JSON.stringify(answer)), isError: false });
      },
    };
    const firehose = await movableFirehose({ functions });
    const Parameters = [
      { ParameterName: 'LambdaArn', ParameterValue: 'arn:aws:lambda:us-east-1:000000000000:function:f' },
    ];
    const Processors = [{ Type: 'Decompression' }, { Type: 'Lambda', Parameters }];
    try {
      await firehose.call('CreateDeliveryStream', {
        DeliveryStreamName: 'd',
        ExtendedS3DestinationConfiguration: { ...s3, ProcessingConfiguration: { Enabled: true, Processors } },
      });
      await firehose.untilActive('d');
      const large = gzipSync(Buffer.alloc(8 << 20, 'x')).toString('base64');
      const Records = [{ Data: large }, { Data: gzipSync('small').toString('base64') }];
      await firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
      await until(() => {
        firehose.world.advance(300_000);
        return firehose.objects.stored.length === 2;
      });
      assert.deepEqual(called, [['small']]);
      const bodies = firehose.objects.stored.map(({ body }) => String(body));
      const failed = JSON.parse(bodies.find((body) => body !== 'small')!) as Record<string, unknown>;
      assert.equal(failed['errorCode'], 'Lambda.RequestTooLargeException');
      assert.equal(failed['rawData'], large);
    } finally {
      await firehose.end();
    }
  },
);
