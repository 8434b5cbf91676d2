import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorLogEvent } from '@millrace/firehose';
import { MemoryObjects, movableFirehose, s3, until } from './support.ts';

type Opened = Awaited<ReturnType<typeof movableFirehose>>;

/** Refuses every put until it is mended. */
class BrokenObjects extends MemoryObjects {
  isMended = false;

  override async put(object: Parameters<MemoryObjects['put']>[0]): Promise<void> {
    if (!this.isMended) throw Object.assign(new Error('The specified bucket does not exist'), { name: 'NoSuchBucket' });
    await super.put(object);
  }
}

async function opened(options: Parameters<typeof movableFirehose>[0], destination: object): Promise<Opened> {
  const firehose = await movableFirehose(options);
  await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', ...destination });
  await firehose.untilActive('d');
  return firehose;
}

function figures({ firehose }: Opened): Record<string, number> {
  return Object.fromEntries([...firehose.samples()].map(({ name, value }) => [name, value]));
}

const hints = { SizeInMBs: 1, IntervalInSeconds: 10 };

test('puts and deliveries are counted under CloudWatchs names', async () => {
  const firehose = await opened({}, { ExtendedS3DestinationConfiguration: { ...s3, BufferingHints: hints } });
  try {
    await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'AAEC' } });
    await firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records: [{ Data: 'AAEC' }, { Data: 'AA==' }] });
    firehose.world.advance(10_000);
    await until(() => figures(firehose)['DeliveryToS3.Success.Count'] === 1);
    const told = figures(firehose);
    assert.deepEqual(Object.fromEntries(Object.entries(told).filter(([name]) => !/Latency|Freshness/.test(name))), {
      IncomingPutRequests: 2,
      IncomingRecords: 3,
      IncomingBytes: 7,
      ThrottledRecords: 0,
      'PutRecord.Requests': 1,
      'PutRecord.Bytes': 3,
      'PutRecordBatch.Requests': 1,
      'PutRecordBatch.Bytes': 4,
      'PutRecordBatch.Records': 2,
      'DeliveryToS3.Records': 3,
      'DeliveryToS3.Bytes': 7,
      'DeliveryToS3.ObjectCount': 1,
      'DeliveryToS3.Success.Sum': 1,
      'DeliveryToS3.Success.Count': 1,
    });
    assert.equal(told['PutRecordBatch.Latency.Count'], 1);
    const freshness = told['DeliveryToS3.DataFreshness']!;
    assert.ok(freshness >= 10 && freshness < 20, String(freshness));
  } finally {
    await firehose.end();
  }
});

test('freshness grows while a bucket refuses, the error log says why, and both end with success', async () => {
  const objects = new BrokenObjects();
  const events: ErrorLogEvent[] = [];
  const errorLogs = { write: (event: ErrorLogEvent): void => void events.push(event) };
  const logging = { Enabled: true, LogGroupName: '/aws/kinesisfirehose/d', LogStreamName: 'S3Delivery' };
  const firehose = await opened(
    { objects, errorLogs },
    {
      ExtendedS3DestinationConfiguration: { ...s3, BufferingHints: hints, CloudWatchLoggingOptions: logging },
    },
  );
  try {
    await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'AAEC' } });
    firehose.world.advance(10_000);
    await until(() => events.length > 0);
    const before = figures(firehose)['DeliveryToS3.DataFreshness']!;
    firehose.world.advance(100);
    const told = figures(firehose);
    assert.ok(told['DeliveryToS3.DataFreshness']! >= before + 0.1);
    assert.equal(told['DeliveryToS3.Success.Sum'], 0);
    const [{ message, timeMs, ...event }] = events as [ErrorLogEvent];
    assert.ok(Math.abs(timeMs - firehose.world.clock.now()) < 10_000);
    assert.deepEqual(event, {
      account: '000000000000',
      region: 'us-east-1',
      logGroup: '/aws/kinesisfirehose/d',
      logStream: 'S3Delivery',
    });
    assert.deepEqual(JSON.parse(message), {
      deliveryStreamARN: 'arn:aws:firehose:us-east-1:000000000000:deliverystream/d',
      destination: 'arn:aws:s3:::logs',
      deliveryStreamVersionId: 1,
      message: 'The specified bucket does not exist',
      errorCode: 'S3.NoSuchBucket',
    });
    objects.isMended = true;
    await until(() => {
      firehose.world.advance(1000);
      return figures(firehose)['DeliveryToS3.Success.Sum'] === 1;
    });
    assert.ok(figures(firehose)['DeliveryToS3.DataFreshness']! > 10);
  } finally {
    await firehose.end();
  }
});

test('nothing is logged where no log is asked for; a delivery stream that is gone has no figures', async () => {
  const objects = new BrokenObjects();
  const errorLogs = { write: (): void => assert.fail('logged') };
  const firehose = await opened(
    { objects, errorLogs },
    { ExtendedS3DestinationConfiguration: { ...s3, BufferingHints: hints } },
  );
  try {
    await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'AAEC' } });
    firehose.world.advance(10_000);
    await until(() => figures(firehose)['DeliveryToS3.Success.Count'] === 1);
    await firehose.call('DeleteDeliveryStream', { DeliveryStreamName: 'd' });
    await until(() => Object.keys(figures(firehose)).length === 0);
  } finally {
    await firehose.end();
  }
});
