import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { decodeSequenceNumber } from '../../src/sequence-number.ts';
import { base64, middleHash, OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(2);
});
afterEach(() => one.streams.stop());

const record = { StreamName: 's', PartitionKey: 'k', Data: 'MA==' };

test('the answer names the shard that has the record and its number, and nothing else on an unencrypted stream', async () => {
  const answer = await one.streams.call('PutRecord', record);
  assert.deepEqual(Object.keys(answer).sort(), ['SequenceNumber', 'ShardId']);
  const hash = BigInt(`0x${createHash('md5').update('k').digest('hex')}`);
  assert.equal(answer['ShardId'], hash < BigInt(middleHash) ? 'shardId-000000000000' : 'shardId-000000000001');
  const start = { ShardId: answer['ShardId'], StartingSequenceNumber: answer['SequenceNumber'] };
  assert.deepEqual(await one.readFrom('AT_SEQUENCE_NUMBER', start), ['0']);
});

test('numbers of a shard rise strictly, also where the wall clock goes back', async () => {
  const numbers: bigint[] = [];
  for (const step of [0, 5000, -3_600_000, 0, -1000]) {
    one.world.stepClock(step);
    numbers.push(BigInt(await one.put('x')));
  }
  for (const [at, number] of numbers.slice(1).entries()) assert.ok(number > numbers[at]!, `${number}`);
});

test('a stream is named by name, ARN, both, or id; a stream of another name, account or region is not found', async () => {
  const { id } = [...one.streams.service.state.streams.values()][0]!;
  const { StreamName: _, ...nameless } = record;
  await one.streams.call('PutRecord', { ...nameless, StreamARN: streamArn });
  await one.streams.call('PutRecord', { ...record, StreamARN: streamArn });
  await one.streams.call('PutRecord', { ...nameless, StreamId: id });
  assert.equal(
    await one.streams.refusal('PutRecord', { ...record, StreamName: 'x' }),
    'ResourceNotFoundException: Stream x under account 000000000000 not found.',
  );
  assert.equal(
    await one.streams.refusal('PutRecord', record, { account: '111111111111' }),
    'ResourceNotFoundException: Stream s under account 111111111111 not found.',
  );
  assert.match(await one.streams.refusal('PutRecord', record, { region: 'eu-west-1' }), /^ResourceNotFoundException/);
  assert.match(
    await one.streams.refusal('PutRecord', { ...record, StreamName: 'x', StreamARN: streamArn }),
    /^InvalidArgumentException/,
  );
});

test('an explicit hash key decides, whatever the partition key says', async () => {
  for (const [ExplicitHashKey, ShardId] of [
    ['0', 'shardId-000000000000'],
    [String(BigInt(middleHash) - 1n), 'shardId-000000000000'],
    [middleHash, 'shardId-000000000001'],
    [String(2n ** 128n - 1n), 'shardId-000000000001'],
  ]) {
    for (const PartitionKey of ['a', 'b', 'polygenelubricants']) {
      const answer = await one.streams.call('PutRecord', { ...record, PartitionKey, ExplicitHashKey });
      assert.equal(answer['ShardId'], ShardId, ExplicitHashKey);
    }
  }
  const ExplicitHashKey = String(2n ** 128n);
  assert.equal(
    await one.streams.refusal('PutRecord', { ...record, ExplicitHashKey }),
    `InvalidArgumentException: Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${ExplicitHashKey}`,
  );
});

test('with the last number for ordering the next one is above it; a number that nobody gave is refused', async () => {
  let last: string | undefined;
  for (let n = 0; n < 5; n += 1) {
    const next = await one.put('x', last === undefined ? {} : { SequenceNumberForOrdering: last });
    assert.ok(last === undefined || BigInt(next) > BigInt(last));
    last = next;
  }
  const future = decodeSequenceNumber(last!)!;
  one.world.stepClock(-60_000);
  for (const given of ['5', last!]) {
    assert.equal(
      await one.streams.refusal('PutRecord', { ...record, SequenceNumberForOrdering: given }),
      `InvalidArgumentException: ExclusiveMinimumSequenceNumber ${given} used in PutRecord on stream s under account 000000000000 is invalid.`,
      `arrived in second ${future.arrivalSecond}`,
    );
  }
});

test('a stream that is being made has no records to take; one that is being changed takes them', async () => {
  await one.streams.stop();
  one = await OneStream.open(1);
  const { service } = one.streams;
  const slow = { ...service.settings, transitionMs: 3_600_000 };
  Object.assign(service, { settings: slow });
  await one.streams.call('CreateStream', { StreamName: 'new', ShardCount: 1 });
  assert.equal(
    await one.streams.refusal('PutRecord', { ...record, StreamName: 'new' }),
    'ResourceNotFoundException: Stream new under account 000000000000 not found.',
  );
  await one.streams.call('SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: middleHash });
  assert.equal((await one.streams.call('PutRecord', record))['ShardId'], 'shardId-000000000000');
});

test('a dry run stores nothing, and fails where a put would', async () => {
  assert.match(await one.streams.refusal('PutRecord', { ...record, DryRun: true }), /^DryRunOperationException/);
  assert.match(
    await one.streams.refusal('PutRecord', { ...record, StreamName: 'x', DryRun: true }),
    /^ResourceNotFoundException/,
  );
  for (const ShardId of ['0', '1']) assert.deepEqual(await one.readFrom('TRIM_HORIZON', { ShardId }), []);
});

test('1 MiB of data is taken, a byte more only where the stream says so', async () => {
  const Data = base64('x'.repeat((1 << 20) + 1));
  await one.streams.call('PutRecord', { ...record, Data: base64('x'.repeat(1 << 20)) });
  assert.match(
    await one.streams.refusal('PutRecord', { ...record, Data }),
    /^InvalidArgumentException: The size of the record/,
  );
  await one.streams.call('UpdateMaxRecordSize', { StreamARN: streamArn, MaxRecordSizeInKiB: 10_240 });
  await one.streams.untilActive('s');
  await one.streams.call('PutRecord', { ...record, Data });
  // Above 1 MiB the partition key counts too.
  const largest = base64('x'.repeat((10 << 20) - 1));
  await one.streams.call('PutRecord', { ...record, Data: largest });
  assert.match(
    await one.streams.refusal('PutRecord', { ...record, PartitionKey: 'kk', Data: largest }),
    /^InvalidArgumentException/,
  );
});

test('a record without a partition key is refused on a stream that goes by it', async () => {
  assert.equal(
    await one.streams.refusal('PutRecord', { StreamName: 's', Data: 'MA==' }),
    "ValidationException: 1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null",
  );
});

test('a shard that has taken its megabyte refuses the next record, in AWS’s words, and takes it a second later', async () => {
  await one.streams.stop();
  one = await OneStream.open(1, { limits: 'aws' });
  one.world.hold();
  const Data = base64('x'.repeat((1 << 20) - 1));
  await one.streams.call('PutRecord', { ...record, Data });
  assert.equal(
    await one.streams.refusal('PutRecord', { ...record, Data }),
    'ProvisionedThroughputExceededException: Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
  );
  one.world.advance(1000);
  await one.streams.call('PutRecord', { ...record, Data });
  assert.deepEqual((await one.readFrom('TRIM_HORIZON')).length, 2);
});
