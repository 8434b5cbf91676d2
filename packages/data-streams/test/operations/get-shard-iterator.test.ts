import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, middleHash, streamArn, texts } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(2);
});
afterEach(() => one.streams.stop());

const place = { StreamName: 's', ShardId: 'shardId-000000000000' };
const refusal = (more: object): Promise<string> => one.streams.refusal('GetShardIterator', { ...place, ...more });

test('each type begins where it says, also between two records and before all of them', async () => {
  const before = one.world.clock.now() / 1000 - 100;
  const numbers = [await one.put('0'), await one.put('1')];
  one.world.advance(10_000);
  const between = one.world.clock.now() / 1000 - 5;
  numbers.push(await one.put('2'));
  const at = (index: number): object => ({ StartingSequenceNumber: numbers[index] });
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), ['0', '1', '2']);
  assert.deepEqual(await one.readFrom('AT_SEQUENCE_NUMBER', at(1)), ['1', '2']);
  assert.deepEqual(await one.readFrom('AFTER_SEQUENCE_NUMBER', at(1)), ['2']);
  assert.deepEqual(await one.readFrom('AFTER_SEQUENCE_NUMBER', at(2)), []);
  assert.deepEqual(await one.readFrom('AT_TIMESTAMP', { Timestamp: before }), ['0', '1', '2']);
  assert.deepEqual(await one.readFrom('AT_TIMESTAMP', { Timestamp: between }), ['2']);
  assert.deepEqual(await one.readFrom('AT_TIMESTAMP', { Timestamp: one.world.clock.now() / 1000 }), []);
});

test('LATEST is the place at the time of the call: a record put before the first read is not missed', async () => {
  await one.put('0');
  const latest = await one.iterator('LATEST');
  await one.put('1');
  for (let attempt = 0; attempt < 3; attempt += 1) assert.deepEqual(texts(await one.read(latest)), ['1']);
});

test('the starting number that a shard advertises is a good one, AT and AFTER', async () => {
  await one.put('0');
  const [shard] = await one.shards();
  const start = shard!.SequenceNumberRange;
  for (const type of ['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER'])
    assert.deepEqual(await one.readFrom(type, start), ['0'], type);
});

test('the ending number of a closed shard: AT it is the end, AFTER it is refused in the words that Spring looks for', async () => {
  await one.put('0');
  await one.streams.call('SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: '5' });
  await one.streams.untilActive('s');
  const StartingSequenceNumber = (await one.shards())[0]!.SequenceNumberRange['EndingSequenceNumber'];
  const page = await one.read(await one.iterator('AT_SEQUENCE_NUMBER', { StartingSequenceNumber }));
  assert.equal(page.NextShardIterator, undefined);
  assert.deepEqual(page.Records, []);
  assert.equal(
    await refusal({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber }),
    'InvalidArgumentException: Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, SequenceNumber has reached max possible value for the shard.',
  );
});

test('a time in the future is refused', async () => {
  assert.match(
    await refusal({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: one.world.clock.now() / 1000 + 999 }),
    /^InvalidArgumentException: The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. timestampInMillis: \d{13}, currentTimestampInMillis: \d{13}$/,
  );
  assert.match(
    await refusal({ ShardIteratorType: 'AT_TIMESTAMP' }),
    /^InvalidArgumentException: Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP\./,
  );
});

test('type and number must fit together', async () => {
  const StartingSequenceNumber = await one.put('0');
  const wrong = [
    { ShardIteratorType: 'LATEST', StartingSequenceNumber },
    { ShardIteratorType: 'TRIM_HORIZON', StartingSequenceNumber },
    { ShardIteratorType: 'AT_SEQUENCE_NUMBER' },
    { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' },
  ];
  for (const more of wrong) {
    assert.match(
      await refusal(more),
      new RegExp(`^InvalidArgumentException: Must either specify .* Request specified ${more.ShardIteratorType} and`),
    );
  }
});

test('a number of another shard, of another stream or of nobody is refused and says which shard it encodes', async () => {
  const StartingSequenceNumber = await one.put('0', { ExplicitHashKey: middleHash });
  assert.equal(
    await refusal({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber }),
    'InvalidArgumentException: Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard with shardId-000000000000',
  );
  one.world.advance(5000);
  await one.streams.call('CreateStream', { StreamName: 'other', ShardCount: 1 });
  await one.streams.untilActive('other');
  const foreign = await one.put('0', { StreamName: 'other' });
  assert.match(
    await refusal({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: foreign }),
    /because it did not come from this stream\.$/,
  );
  assert.match(
    await refusal({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: '5' }),
    /It encodes shardId-000000000005/,
  );
});

test('streams and shards that are not there are named', async () => {
  assert.equal(
    await refusal({ ShardIteratorType: 'LATEST', ShardId: 'shardId-000000000007' }),
    'ResourceNotFoundException: Shard shardId-000000000007 in stream s under account 000000000000 does not exist',
  );
  assert.equal(
    await refusal({ ShardIteratorType: 'LATEST', StreamName: 'x' }),
    'ResourceNotFoundException: Shard shardId-000000000000 in stream x under account 000000000000 does not exist',
  );
  assert.match(await refusal({ ShardIteratorType: 'LATEST', ShardId: 'nonsense' }), /^ResourceNotFoundException/);
});

test('five calls a second and shard, with limits on', async () => {
  await one.streams.stop();
  one = await OneStream.open(2, { limits: 'aws' });
  one.world.hold();
  for (let n = 0; n < 5; n += 1) await one.iterator('LATEST');
  assert.equal(
    await refusal({ ShardIteratorType: 'LATEST' }),
    'ProvisionedThroughputExceededException: Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
  );
  await one.iterator('LATEST', { ShardId: '1' });
  one.world.advance(200);
  await one.iterator('LATEST');
});

test('a dry run says that it would have been answered, and by ARN it is the same stream', async () => {
  assert.match(await refusal({ ShardIteratorType: 'LATEST', DryRun: true }), /^DryRunOperationException/);
  await one.put('0');
  assert.deepEqual(await one.readFrom('TRIM_HORIZON', { StreamName: undefined, StreamARN: streamArn }), ['0']);
});
