import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3 } from '../support.ts';

const keyArn = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000001';

test('records are sealed from the start of encryption to its stop', async () => {
  const firehose = await movableFirehose();
  const status = async (): Promise<unknown> => {
    const answer = await firehose.call('DescribeDeliveryStream', { DeliveryStreamName: 'd' });
    return (answer['DeliveryStreamDescription'] as Record<string, unknown>)['DeliveryStreamEncryptionConfiguration'];
  };
  const until = async (wanted: string): Promise<void> => {
    while (((await status()) as { Status: string }).Status !== wanted)
      await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const put = async (): Promise<unknown> =>
    (await firehose.call('PutRecord', { DeliveryStreamName: 'd', Record: { Data: 'YQ==' } }))['Encrypted'];
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    assert.equal(await put(), false);
    await firehose.call('StartDeliveryStreamEncryption', {
      DeliveryStreamName: 'd',
      DeliveryStreamEncryptionConfigurationInput: { KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN: keyArn },
    });
    await until('ENABLED');
    assert.deepEqual(await status(), { Status: 'ENABLED', KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN: keyArn });
    assert.equal(await put(), true);
    await firehose.call('StopDeliveryStreamEncryption', { DeliveryStreamName: 'd' });
    await until('DISABLED');
    assert.deepEqual(await status(), { Status: 'DISABLED' });
    assert.equal(await put(), false);
    for (const wrong of [{ KeyType: 'CUSTOMER_MANAGED_CMK' }, { KeyType: 'AWS_OWNED_CMK', KeyARN: keyArn }])
      assert.match(
        await firehose.refusal('StartDeliveryStreamEncryption', {
          DeliveryStreamName: 'd',
          DeliveryStreamEncryptionConfigurationInput: wrong,
        }),
        /^InvalidArgumentException: KeyARN must/,
      );
  } finally {
    await firehose.end();
  }
});

test('25 changes a day', async () => {
  const firehose = await movableFirehose({ limits: 'aws' });
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    const settled = async (): Promise<void> => {
      while (firehose.firehose.service.state.deliveryStreams.values().next().value!.dueMs !== undefined)
        await new Promise((resolve) => setTimeout(resolve, 1));
    };
    for (let change = 0; change < 25; change += 1) {
      await firehose.call(`${change % 2 === 0 ? 'Start' : 'Stop'}DeliveryStreamEncryption`, {
        DeliveryStreamName: 'd',
      });
      await settled();
    }
    assert.match(
      await firehose.refusal('StopDeliveryStreamEncryption', { DeliveryStreamName: 'd' }),
      /^LimitExceededException/,
    );
    firehose.world.advance(24 * 3_600_000);
    assert.equal(await firehose.refusal('StopDeliveryStreamEncryption', { DeliveryStreamName: 'd' }), 'nothing');
  } finally {
    await firehose.end();
  }
});

test('what is refused leaves no data key', async () => {
  const firehose = await movableFirehose({ transitionMs: 60_000 });
  const encryption = { DeliveryStreamEncryptionConfigurationInput: { KeyType: 'AWS_OWNED_CMK' } };
  const create = { DeliveryStreamName: 'd', S3DestinationConfiguration: s3, ...encryption };
  try {
    const { keys } = firehose.firehose.service;
    let made = 0;
    keys.create = () => Promise.resolve((made += 1));
    await firehose.call('CreateDeliveryStream', create);
    assert.equal(made, 1);
    assert.match(await firehose.refusal('CreateDeliveryStream', create), /^ResourceInUseException/);
    const refused = await firehose.refusal('StartDeliveryStreamEncryption', { DeliveryStreamName: 'd', ...encryption });
    assert.match(refused, /^ResourceInUseException/);
    assert.equal(made, 1);
  } finally {
    await firehose.end();
  }
});
