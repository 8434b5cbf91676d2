import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3 } from '../support.ts';

const data = (text: string): { Data: string } => ({ Data: Buffer.from(text).toString('base64') });

test('each record gets an id of its own; PutRecord too', async () => {
  const firehose = await movableFirehose();
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    const batch = await firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records: [data('a'), data('b')] });
    const one = await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: data('c') });
    const ids = [
      ...(batch['RequestResponses'] as { RecordId: string }[]).map(({ RecordId: id }) => id),
      one['RecordId'],
    ];
    assert.equal(new Set(ids).size, 3);
    assert.equal(batch['FailedPutCount'], 0);
    assert.equal(batch['Encrypted'], false);
  } finally {
    await firehose.end();
  }
});

test('refuses what is not there, what is too large, and what the model refuses', async () => {
  const firehose = await movableFirehose();
  try {
    assert.equal(
      await firehose.refusal('PutRecord', { DeliveryStreamName: 'd', Record: data('a') }),
      'ResourceNotFoundException: Firehose d under account 000000000000 not found.',
    );
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    const large = { Data: Buffer.alloc(1_000_000).toString('base64') };
    assert.match(
      await firehose.refusal('PutRecordBatch', {
        DeliveryStreamName: 'd',
        Records: [large, large, large, large, large],
      }),
      /^InvalidArgumentException: .*4 MiB/,
    );
    const tooLarge = { Data: Buffer.alloc(1_024_001).toString('base64') };
    assert.match(
      await firehose.refusal('PutRecord', { DeliveryStreamName: 'd', Record: tooLarge }),
      /^ValidationException: .*less than or equal to 1024000/,
    );
    assert.match(
      await firehose.refusal('PutRecordBatch', { DeliveryStreamName: 'd', Records: Array(501).fill(data('a')) }),
      /^ValidationException: .*less than or equal to 500/,
    );
  } finally {
    await firehose.end();
  }
});

test('5,000 records a second, 5 MiB and 2,000 calls, exact to a record', async () => {
  const firehose = await movableFirehose({ limits: 'aws' });
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    firehose.world.hold();
    const put = (Records: object[]): Promise<Record<string, unknown>> =>
      firehose.call('PutRecordBatch', { DeliveryStreamName: 'd', Records });
    for (let call = 0; call < 10; call += 1) assert.equal((await put(Array(500).fill(data('a'))))['FailedPutCount'], 0);
    firehose.world.advance(1);
    const answer = await put(Array(7).fill(data('a')));
    assert.equal(answer['FailedPutCount'], 2);
    assert.deepEqual((answer['RequestResponses'] as object[])[5], {
      ErrorCode: 'ServiceUnavailableException',
      ErrorMessage: 'Slow down.',
    });
    assert.equal(
      await firehose.refusal('PutRecord', { DeliveryStreamName: 'd', Record: data('a') }),
      'ServiceUnavailableException: Slow down.',
    );
    firehose.world.advance(1000);
    const large = { Data: Buffer.alloc(1 << 19).toString('base64') };
    for (let call = 0; call < 5; call += 1) assert.equal((await put([large, large]))['FailedPutCount'], 0);
    assert.equal((await put([large]))['FailedPutCount'], 1);
  } finally {
    await firehose.end();
  }
});
