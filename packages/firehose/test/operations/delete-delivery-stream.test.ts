import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movableFirehose, s3 } from '../support.ts';

test('a delivery stream that is deleted takes nothing more, goes, and its name can be had again, without its records', async () => {
  const firehose = await movableFirehose();
  const named = { DeliveryStreamName: 'd' };
  try {
    await firehose.call('CreateDeliveryStream', { ...named, S3DestinationConfiguration: s3 });
    await firehose.untilActive('d');
    await firehose.call('PutRecord', { ...named, Record: { Data: 'b2xk' } });
    await firehose.call('DeleteDeliveryStream', named);
    assert.match(
      await firehose.refusal('PutRecord', { ...named, Record: { Data: 'YQ==' } }),
      /^ResourceNotFoundException: Firehose d under account 000000000000 not found/,
    );
    while ((await firehose.refusal('DescribeDeliveryStream', named)) === 'nothing')
      await new Promise((resolve) => setTimeout(resolve, 2));
    assert.match(await firehose.refusal('DeleteDeliveryStream', named), /^ResourceNotFoundException/);
    const hints = { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } };
    await firehose.call('CreateDeliveryStream', { ...named, S3DestinationConfiguration: { ...s3, ...hints } });
    await firehose.untilActive('d');
    await firehose.call('PutRecord', { ...named, Record: { Data: 'bmV3' } });
    while (firehose.objects.stored.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.equal(String(firehose.objects.stored[0]!.body), 'new');
  } finally {
    await firehose.end();
  }
});

test('one that is CREATING cannot be deleted', async () => {
  const firehose = await movableFirehose({ transitionMs: 60_000 });
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    assert.match(
      await firehose.refusal('DeleteDeliveryStream', { DeliveryStreamName: 'd' }),
      /^ResourceInUseException/,
    );
  } finally {
    await firehose.end();
  }
});

test('one whose deletion is asked for just as another change ends can be had again, and delivers', async () => {
  const firehose = await movableFirehose();
  const { service } = firehose.firehose;
  const named = { DeliveryStreamName: 'd' };
  const hints = { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 } };
  const create = { ...named, S3DestinationConfiguration: { ...s3, ...hints } };
  try {
    await firehose.call('CreateDeliveryStream', create);
    await firehose.untilActive('d');
    const change = service.change.bind(service);
    let deletion: Promise<string> | undefined;
    service.change = (command) => {
      // The deletion is one command ahead of the end of ENABLING.
      if (command.type === 'FinishPending') deletion ??= firehose.refusal('DeleteDeliveryStream', named);
      return change(command);
    };
    await firehose.call('StartDeliveryStreamEncryption', named);
    while (deletion === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(await deletion, 'nothing');
    while ((await firehose.refusal('CreateDeliveryStream', create)) !== 'nothing')
      await new Promise((resolve) => setTimeout(resolve, 1));
    await firehose.untilActive('d');
    await firehose.call('PutRecord', { ...named, Record: { Data: 'bmV3' } });
    const deadline = performance.now() + 5000;
    while (firehose.objects.stored.length === 0) {
      assert.ok(performance.now() < deadline, 'nothing is delivered');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  } finally {
    await firehose.end();
  }
});

test('a clock that stepped back makes no pending change last longer', async () => {
  const firehose = await movableFirehose({ transitionMs: 100 });
  try {
    await firehose.call('CreateDeliveryStream', { DeliveryStreamName: 'd', S3DestinationConfiguration: s3 });
    firehose.world.stepClock(-3_600_000);
    // Each change is a new look at what is due.
    await firehose.call('TagDeliveryStream', { DeliveryStreamName: 'd', Tags: [{ Key: 'a' }] });
    await firehose.untilActive('d');
  } finally {
    await firehose.end();
  }
});
