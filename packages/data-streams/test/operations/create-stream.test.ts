import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

test('a provisioned stream: CREATING without shards, then ACTIVE with even shards over the whole hash space', async () => {
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 60_000 } });
  assert.deepEqual(await one.call('CreateStream', { StreamName: 'new', ShardCount: 3, Tags: { a: '1' } }), {});
  const before = await one.summary('new');
  assert.deepEqual([before['StreamStatus'], before['OpenShardCount']], ['CREATING', 0]);
  assert.deepEqual((await one.call('ListShards', { StreamName: 'new' }))['Shards'], []);
  one.world.advance(61_000);
  await one.active('new');
  const { Shards: shards } = (await one.call('ListShards', { StreamName: 'new' })) as {
    Shards: { ShardId: string; HashKeyRange: { StartingHashKey: string; EndingHashKey: string } }[];
  };
  assert.deepEqual(
    shards.map(({ ShardId, HashKeyRange: { StartingHashKey, EndingHashKey } }) => [
      ShardId,
      StartingHashKey,
      EndingHashKey,
    ]),
    [
      ['shardId-000000000000', '0', '113427455640312821154458202477256070484'],
      ['shardId-000000000001', '113427455640312821154458202477256070485', '226854911280625642308916404954512140969'],
      ['shardId-000000000002', '226854911280625642308916404954512140970', '340282366920938463463374607431768211455'],
    ],
  );
  assert.deepEqual((await one.call('ListTagsForStream', { StreamName: 'new' }))['Tags'], [{ Key: 'a', Value: '1' }]);
});

test('with neither count nor mode it is on demand, with four shards; warm throughput opens more', async () => {
  await one.call('CreateStream', { StreamName: 'd' });
  await one.call('CreateStream', {
    StreamName: 'warm',
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    WarmThroughputMiBps: 6,
    RecordDistributionStrategy: 'AUTO',
    MaxRecordSizeInKiB: 2048,
  });
  for (const name of ['d', 'warm']) await one.active(name);
  const plain = await one.summary('d');
  assert.deepEqual([plain['OpenShardCount'], plain['StreamModeDetails']], [4, { StreamMode: 'ON_DEMAND' }]);
  const warm = await one.summary('warm');
  assert.equal(warm['OpenShardCount'], 6);
  assert.deepEqual(warm['WarmThroughput'], { CurrentMiBps: 6, TargetMiBps: 6 });
  assert.deepEqual([warm['RecordDistributionStrategy'], warm['MaxRecordSizeInKiB']], ['AUTO', 2048]);
});

test('without quotas an account still ends at what a machine can hold', async () => {
  const refused = await one.refusal('CreateStream', { StreamName: 'vast', ShardCount: 2 ** 31 - 1 });
  assert.match(refused, /^LimitExceededException: .*Limit: 100000\. .*from this request: 2147483647\./);
  const warm = { StreamModeDetails: { StreamMode: 'ON_DEMAND' }, WarmThroughputMiBps: 10_241 };
  assert.match(
    await one.refusal('CreateStream', { StreamName: 'vast', ...warm }),
    /^InvalidArgumentException: WarmThroughputMiBps must not be greater than 10240\.$/,
  );
});

test('what does not go together is refused', async () => {
  const mode = (StreamMode: string): object => ({ StreamModeDetails: { StreamMode } });
  const wrong = [
    { ...mode('PROVISIONED') },
    { ...mode('ON_DEMAND'), ShardCount: 1 },
    { ShardCount: 1, WarmThroughputMiBps: 2 },
    { ShardCount: 1, RecordDistributionStrategy: 'AUTO' },
    { ShardCount: 1, Tags: { 'a;': '1' } },
  ];
  for (const input of wrong)
    assert.match(
      await one.refusal('CreateStream', { StreamName: 'x', ...input }),
      /^InvalidArgumentException/,
      JSON.stringify(input),
    );
  assert.deepEqual((await one.call('ListStreams'))['StreamNames'], ['s']);
});

test('a name is used once in an account and region, and again in another', async () => {
  const input = { StreamName: 's', ShardCount: 1 };
  assert.equal(
    await one.refusal('CreateStream', input),
    'ResourceInUseException: Stream s under account 000000000000 already exists.',
  );
  await one.call('CreateStream', input, { account: '111111111111' });
  await one.call('CreateStream', input, { region: 'cn-north-1' });
  const china = await one.summary('s', { region: 'cn-north-1' });
  assert.equal(china['StreamARN'], 'arn:aws-cn:kinesis:cn-north-1:000000000000:stream/s');
});

test('with limits on: the shard quota, five streams in CREATING, 50 on demand', async () => {
  await one.streams.stop();
  one = await OneStream.open(3, { limits: 'aws', transitionMs: 0 });
  assert.equal(
    await one.refusal('CreateStream', { StreamName: 'big', ShardCount: 1000 }),
    'LimitExceededException: This request would exceed the shard limit for the account 000000000000 in us-east-1. Current shard count for the account: 3. Limit: 500. Number of additional shards that would have resulted from this request: 1000. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.',
  );
  one.world.advance(1000);
  Object.assign(one.streams.service, { settings: { ...one.streams.service.settings, transitionMs: 600_000 } });
  for (let n = 0; n < 5; n += 1) {
    await one.call('CreateStream', { StreamName: `n${n}`, ShardCount: 1 });
    one.world.advance(1000);
  }
  assert.match(
    await one.refusal('CreateStream', { StreamName: 'n5', ShardCount: 1 }),
    /^LimitExceededException: .*CREATING/,
  );
});
