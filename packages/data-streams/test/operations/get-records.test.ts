import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { base64, OneStream, streamArn, texts } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const invalid = 'InvalidArgumentException: Invalid ShardIterator.';

test('an iterator tried again gives the same records, for five minutes', async () => {
  await one.put('0');
  const from = await one.iterator('TRIM_HORIZON');
  for (let attempt = 0; attempt < 10; attempt += 1) assert.deepEqual(texts(await one.read(from)), ['0']);
  assert.deepEqual(texts(await one.read(`"${from}"`)), ['0']);
  one.world.advance(299_000);
  assert.deepEqual(texts(await one.read(from)), ['0']);
  one.world.advance(2000);
  assert.match(
    await one.streams.refusal('GetRecords', { ShardIterator: from }),
    /^ExpiredIteratorException: Iterator expired\. The iterator was created at time \w{3} \w{3} \d\d [\d:]+ UTC \d{4} while right now it is .* tolerated delay of 300000 milliseconds\.$/,
  );
});

test('an iterator that was changed, or made by somebody else, is refused; a good one outlives a restart', async () => {
  await one.put('0');
  const from = await one.iterator('TRIM_HORIZON');
  const changed = Buffer.from(from, 'base64');
  changed[20]! ^= 1;
  for (const bad of [changed.toString('base64'), 'AAAA', 'x'])
    assert.equal(await one.streams.refusal('GetRecords', { ShardIterator: bad }), invalid);
  const again = await one.streams.restart();
  const page = (await again.call('GetRecords', { ShardIterator: from })) as { Records?: object[] };
  assert.equal(page.Records?.length, 1);
  await again.stop();
  one = await OneStream.open(1);
});

test('an iterator works only where it was made: its account, its region, its stream', async () => {
  const ShardIterator = await one.iterator('TRIM_HORIZON');
  const refused = (more: object, context: object = {}): Promise<string> =>
    one.streams.refusal('GetRecords', { ShardIterator, ...more }, context);
  assert.equal(await refused({}, { account: '111111111111' }), invalid);
  assert.equal(await refused({}, { region: 'eu-west-1' }), invalid);
  assert.equal(await refused({ StreamARN: streamArn.replace('us-east-1', 'eu-west-1') }), invalid);
  assert.equal(await refused({ StreamARN: `${streamArn}2` }), invalid);
  assert.equal((await one.read(ShardIterator, { StreamARN: streamArn })).MillisBehindLatest, 0);
});

test('an iterator of a stream that was deleted and made again does not read the new one', async () => {
  const ShardIterator = await one.iterator('TRIM_HORIZON');
  await one.streams.call('DeleteStream', { StreamName: 's' });
  while (
    (await one.streams.call('ListStreams', {}))['HasMoreStreams'] !== false ||
    one.streams.service.state.streams.size > 0
  )
    await new Promise((resolve) => setImmediate(resolve));
  await one.streams.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await one.streams.untilActive('s');
  await one.put('new');
  assert.match(await one.streams.refusal('GetRecords', { ShardIterator }), /^ResourceNotFoundException: Shard/);
});

test('Limit, 10,000 records and 10 MiB end a page; the next iterator goes on behind it', async () => {
  for (let n = 0; n < 22; n += 1) {
    const Records = Array.from({ length: 500 }, (_, at) => ({ PartitionKey: 'k', Data: base64(String(n * 500 + at)) }));
    await one.streams.call('PutRecords', { StreamName: 's', Records });
  }
  const first = await one.read(await one.iterator('TRIM_HORIZON'), { Limit: 7 });
  assert.deepEqual(texts(first), ['0', '1', '2', '3', '4', '5', '6']);
  const second = await one.read(first.NextShardIterator!);
  assert.equal(second.Records.length, 10_000);
  assert.equal(texts(second)[0], '7');
  assert.equal((await one.read(second.NextShardIterator!)).Records.length, 993);
  const large = { PartitionKey: 'k', Data: base64('x'.repeat(1_000_000)) };
  const from = await one.iterator('LATEST');
  for (let n = 0; n < 2; n += 1)
    await one.streams.call('PutRecords', { StreamName: 's', Records: Array.from({ length: 9 }, () => large) });
  const page = await one.read(from);
  assert.equal(page.Records.length, 10);
  assert.equal((await one.read(page.NextShardIterator!)).Records.length, 8);
});

test('MillisBehindLatest is the age of what was read last, and 0 at the tip', async () => {
  await one.put('0');
  one.world.advance(60_000);
  await one.put('1');
  const page = await one.read(await one.iterator('TRIM_HORIZON'), { Limit: 1 });
  assert.ok(page.MillisBehindLatest >= 60_000 && page.MillisBehindLatest < 70_000, String(page.MillisBehindLatest));
  assert.equal((await one.read(page.NextShardIterator!)).MillisBehindLatest, 0);
});

test('the end of a closed shard: records, then no next iterator, and the children with their parents', async () => {
  await one.put('0');
  const from = await one.iterator('TRIM_HORIZON');
  await one.streams.call('SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: '5' });
  await one.streams.untilActive('s');
  const page = await one.read(from);
  assert.deepEqual(texts(page), ['0']);
  assert.equal(page.NextShardIterator, undefined);
  assert.equal(page.MillisBehindLatest, 0);
  assert.deepEqual(
    page.ChildShards?.map(({ ShardId, ParentShards }) => [ShardId, ParentShards]),
    ['1', '2'].map((number) => [`shardId-00000000000${number}`, ['shardId-000000000000']]),
  );
});

test('expired records are not served, and a page of them alone is passed over', async () => {
  for (let n = 0; n < 5; n += 1) await one.put(`old ${n}`);
  const number = await one.put('old 5');
  one.world.advance(24 * 3_600_000 + 1000);
  await one.put('fresh');
  assert.deepEqual(texts(await one.read(await one.iterator('TRIM_HORIZON'), { Limit: 2 })), ['fresh']);
  const after = await one.iterator('AT_SEQUENCE_NUMBER', { StartingSequenceNumber: number });
  assert.deepEqual(texts(await one.read(after, { Limit: 1 })), ['fresh']);
});

test('five reads a second and shard; after 10 MiB the shard rests for as long as 2 MiB a second need', async () => {
  await one.streams.stop();
  one = await OneStream.open(1, { limits: 'aws' });
  one.world.hold();
  const tip = await one.iterator('LATEST');
  const rate =
    'ProvisionedThroughputExceededException: Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.';
  for (let n = 0; n < 5; n += 1) await one.read(tip);
  assert.equal(await one.streams.refusal('GetRecords', { ShardIterator: tip }), rate);
  for (let n = 0; n < 10; n += 1) {
    await one.put('x'.repeat((1 << 20) - 1));
    one.world.advance(1000);
  }
  const page = await one.read(tip);
  assert.equal(page.Records.length, 10);
  one.world.advance(3900);
  assert.equal(await one.streams.refusal('GetRecords', { ShardIterator: tip }), rate);
  one.world.advance(1200);
  await one.read(tip);
});

test('a dry run gives no records', async () => {
  const ShardIterator = await one.iterator('TRIM_HORIZON');
  assert.match(await one.streams.refusal('GetRecords', { ShardIterator, DryRun: true }), /^DryRunOperationException/);
});
