/** Streams, tags, consumers, policies, retention, modes: the control plane as a client sees it. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { testService } from '../support.ts';
import type { TestService } from '../support.ts';

const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
let streams: TestService;

beforeEach(async () => {
  streams = await testService({ limits: 'aws', transitionMs: 0, consumersPerStream: 2 });
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 3, Tags: { team: 'ingest' } });
  await streams.untilActive('s');
});
afterEach(() => streams.stop());

type Json = Record<string, unknown>;

test('DescribeStream: shards in pages, whole hash space, starting numbers, no ending numbers while open', async () => {
  const { StreamDescription: first } = (await streams.call('DescribeStream', { StreamName: 's', Limit: 2 })) as {
    StreamDescription: Json;
  };
  assert.equal(first['HasMoreShards'], true);
  const { StreamDescription: rest } = (await streams.call('DescribeStream', {
    StreamARN: arn,
    ExclusiveStartShardId: 'shardId-000000000001',
  })) as { StreamDescription: Json };
  assert.equal(rest['HasMoreShards'], false);
  const shards = [...(first['Shards'] as object[]), ...(rest['Shards'] as object[])] as {
    ShardId: string;
    HashKeyRange: object;
    SequenceNumberRange: object;
  }[];
  assert.deepEqual(
    shards.map(({ ShardId }) => ShardId),
    ['shardId-000000000000', 'shardId-000000000001', 'shardId-000000000002'],
  );
  assert.deepEqual(
    shards.map(({ HashKeyRange }) => HashKeyRange),
    [
      { StartingHashKey: '0', EndingHashKey: '113427455640312821154458202477256070484' },
      {
        StartingHashKey: '113427455640312821154458202477256070485',
        EndingHashKey: '226854911280625642308916404954512140969',
      },
      {
        StartingHashKey: '226854911280625642308916404954512140970',
        EndingHashKey: '340282366920938463463374607431768211455',
      },
    ],
  );
  for (const { SequenceNumberRange } of shards)
    assert.deepEqual(Object.keys(SequenceNumberRange), ['StartingSequenceNumber']);
});

test('CreateStream with neither count nor mode makes an on-demand stream of four shards; the same name twice is refused', async () => {
  await streams.call('CreateStream', { StreamName: 'd' });
  await streams.untilActive('d');
  const { StreamDescriptionSummary: summary } = (await streams.call('DescribeStreamSummary', { StreamName: 'd' })) as {
    StreamDescriptionSummary: Json;
  };
  assert.equal(summary['OpenShardCount'], 4);
  assert.deepEqual(summary['StreamModeDetails'], { StreamMode: 'ON_DEMAND' });
  assert.equal(summary['StreamId'], undefined);
  assert.equal(
    await streams.refusal('CreateStream', { StreamName: 'd' }),
    'ResourceInUseException: Stream d under account 000000000000 already exists.',
  );
  assert.match(
    await streams.refusal('CreateStream', { StreamName: 'big', ShardCount: 1000 }),
    /^LimitExceededException: This request would exceed the shard limit for the account 000000000000 in us-east-1\. Current shard count for the account: 7\. Limit: 500\./,
  );
});

test('accounts and regions do not see each other’s streams', async () => {
  await streams.call(
    'CreateStream',
    { StreamName: 's', ShardCount: 1 },
    { account: '111111111111', region: 'eu-west-1' },
  );
  assert.deepEqual((await streams.call('ListStreams', {}, { account: '111111111111' }))['StreamNames'], []);
  assert.deepEqual(
    (await streams.call('ListStreams', {}, { account: '111111111111', region: 'eu-west-1' }))['StreamNames'],
    ['s'],
  );
  const { StreamDescriptionSummary: china } = (await (async () => {
    await streams.call('CreateStream', { StreamName: 'c', ShardCount: 1 }, { region: 'cn-north-1' });
    return streams.call('DescribeStreamSummary', { StreamName: 'c' }, { region: 'cn-north-1' });
  })()) as { StreamDescriptionSummary: Json };
  assert.equal(china['StreamARN'], 'arn:aws-cn:kinesis:cn-north-1:000000000000:stream/c');
});

test('ListStreams pages by token and by name', async () => {
  for (const StreamName of ['a', 'b']) await streams.call('CreateStream', { StreamName, ShardCount: 1 });
  const first = await streams.call('ListStreams', { Limit: 2 });
  assert.deepEqual([first['StreamNames'], first['HasMoreStreams']], [['a', 'b'], true]);
  const second = await streams.call('ListStreams', { NextToken: first['NextToken'] });
  assert.deepEqual([second['StreamNames'], second['HasMoreStreams']], [['s'], false]);
  assert.deepEqual((await streams.call('ListStreams', { ExclusiveStartStreamName: 'a' }))['StreamNames'], ['b', 's']);
});

test('tags: on creation, added, listed in pages, removed, 50 at most, by stream and by resource', async () => {
  await streams.call('AddTagsToStream', { StreamName: 's', Tags: { a: '1', b: '2' } });
  const page = await streams.call('ListTagsForStream', { StreamName: 's', Limit: 2 });
  assert.deepEqual(page, {
    HasMoreTags: true,
    Tags: [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ],
  });
  assert.deepEqual((await streams.call('ListTagsForStream', { StreamName: 's', ExclusiveStartTagKey: 'b' }))['Tags'], [
    { Key: 'team', Value: 'ingest' },
  ]);
  await streams.call('RemoveTagsFromStream', { StreamName: 's', TagKeys: ['a', 'none'] });
  await streams.call('TagResource', { ResourceARN: arn, Tags: { c: '3' } });
  await streams.call('UntagResource', { ResourceARN: arn, TagKeys: ['b'] });
  assert.deepEqual((await streams.call('ListTagsForResource', { ResourceARN: arn }))['Tags'], [
    { Key: 'c', Value: '3' },
    { Key: 'team', Value: 'ingest' },
  ]);
  const many = Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`k${n}`, 'v']));
  assert.match(await streams.refusal('TagResource', { ResourceARN: arn, Tags: many }), /^LimitExceededException/);
  assert.equal(((await streams.call('ListTagsForResource', { ResourceARN: arn }))['Tags'] as object[]).length, 2);
});

test('consumers: registered, listed in pages, refused twice and beyond the quota, deregistered; a stream with consumers is kept', async () => {
  for (const ConsumerName of ['a', 'b']) await streams.call('RegisterStreamConsumer', { StreamARN: arn, ConsumerName });
  assert.match(
    await streams.refusal('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'a' }),
    /^ResourceInUseException/,
  );
  assert.match(
    await streams.refusal('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'c' }),
    /^LimitExceededException/,
  );
  const first = await streams.call('ListStreamConsumers', { StreamARN: arn, MaxResults: 1 });
  const second = await streams.call('ListStreamConsumers', { StreamARN: arn, NextToken: first['NextToken'] });
  const names = [first, second].flatMap((page) =>
    (page['Consumers'] as { ConsumerName: string }[]).map(({ ConsumerName }) => ConsumerName),
  );
  assert.deepEqual(names, ['a', 'b']);
  assert.match(await streams.refusal('DeleteStream', { StreamName: 's' }), /^ResourceInUseException/);
  await streams.call('DeregisterStreamConsumer', { StreamARN: arn, ConsumerName: 'a' });
  assert.match(
    await streams.refusal('DeregisterStreamConsumer', { StreamARN: arn, ConsumerName: 'a' }),
    /^ResourceNotFoundException/,
  );
  await streams.call('DeleteStream', { StreamName: 's', EnforceConsumerDeletion: true });
});

test('resource policies: none is an empty answer, one is given back, deleting twice is refused', async () => {
  assert.deepEqual(await streams.call('GetResourcePolicy', { ResourceARN: arn }), {});
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 'kinesis:GetRecords', Resource: arn }],
  });
  await streams.call('PutResourcePolicy', { ResourceARN: arn, Policy });
  assert.deepEqual(await streams.call('GetResourcePolicy', { ResourceARN: arn }), { Policy });
  await streams.call('DeleteResourcePolicy', { ResourceARN: arn });
  assert.match(await streams.refusal('DeleteResourcePolicy', { ResourceARN: arn }), /^ResourceNotFoundException/);
  assert.match(
    await streams.refusal('PutResourcePolicy', { ResourceARN: arn, Policy: '{}' }),
    /^InvalidArgumentException/,
  );
});

test('retention: 24 to 8,760 hours, the present value is fine, each direction has its operation', async () => {
  await streams.call('IncreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours: 24 });
  await streams.call('IncreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours: 8760 });
  assert.match(
    await streams.refusal('IncreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours: 48 }),
    /can not be shorter than existing retention period \(8760 hours\)/,
  );
  await streams.call('DecreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours: 25 });
  const { StreamDescriptionSummary: summary } = (await streams.call('DescribeStreamSummary', { StreamName: 's' })) as {
    StreamDescriptionSummary: Json;
  };
  assert.equal(summary['RetentionPeriodHours'], 25);
});

test('modes: to on-demand and back, twice a day; warm throughput opens shards; AUTO only on demand', async () => {
  assert.match(
    await streams.refusal('UpdateStreamRecordDistributionStrategy', {
      StreamARN: arn,
      RecordDistributionStrategy: 'AUTO',
    }),
    /^InvalidArgumentException/,
  );
  await streams.call('UpdateStreamMode', { StreamARN: arn, StreamModeDetails: { StreamMode: 'ON_DEMAND' } });
  await streams.untilActive('s');
  await streams.call('UpdateStreamWarmThroughput', { StreamARN: arn, WarmThroughputMiBps: 6 });
  await streams.untilActive('s');
  const { StreamDescriptionSummary: summary } = (await streams.call('DescribeStreamSummary', { StreamName: 's' })) as {
    StreamDescriptionSummary: Json;
  };
  assert.equal(summary['OpenShardCount'], 6);
  assert.deepEqual(summary['WarmThroughput'], { CurrentMiBps: 6, TargetMiBps: 6 });
  assert.match(
    await streams.refusal('UpdateShardCount', { StreamName: 's', TargetShardCount: 7, ScalingType: 'UNIFORM_SCALING' }),
    /ON_DEMAND/,
  );
  await streams.call('UpdateStreamMode', { StreamARN: arn, StreamModeDetails: { StreamMode: 'PROVISIONED' } });
  await streams.untilActive('s');
  assert.match(
    await streams.refusal('UpdateStreamMode', { StreamARN: arn, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    /^LimitExceededException/,
  );
});

test('monitoring, account settings and limits answer what was set', async () => {
  const on = await streams.call('EnableEnhancedMonitoring', {
    StreamName: 's',
    ShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'],
  });
  assert.deepEqual(
    [on['CurrentShardLevelMetrics'], on['DesiredShardLevelMetrics']],
    [[], ['IncomingBytes', 'OutgoingBytes']],
  );
  const off = await streams.call('DisableEnhancedMonitoring', {
    StreamName: 's',
    ShardLevelMetrics: ['IncomingBytes'],
  });
  assert.deepEqual(off['DesiredShardLevelMetrics'], ['OutgoingBytes']);
  assert.deepEqual(await streams.call('DescribeLimits', {}), {
    OnDemandStreamCount: 0,
    OnDemandStreamCountLimit: 50,
    OpenShardCount: 3,
    ShardLimit: 500,
  });
  const settings = await streams.call('UpdateAccountSettings', {
    MinimumThroughputBillingCommitment: { Status: 'ENABLED' },
  });
  assert.deepEqual(await streams.call('DescribeAccountSettings', {}), settings);
  assert.match(
    await streams.refusal('UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'DISABLED' } }),
    /^InvalidArgumentException/,
  );
});

test('ListShards: filters, pages, and what cannot go together', async () => {
  await streams.call('SplitShard', { StreamName: 's', ShardToSplit: 'shardId-0', NewStartingHashKey: '1000' });
  await streams.untilActive('s');
  const ids = async (input: object): Promise<string[]> =>
    ((await streams.call('ListShards', input))['Shards'] as { ShardId: string }[]).map(({ ShardId }) =>
      ShardId.slice(-1),
    );
  assert.deepEqual(await ids({ StreamName: 's' }), ['0', '1', '2', '3', '4']);
  assert.deepEqual(await ids({ StreamName: 's', ShardFilter: { Type: 'AT_LATEST' } }), ['1', '2', '3', '4']);
  assert.deepEqual(await ids({ StreamName: 's', ShardFilter: { Type: 'AT_TRIM_HORIZON' } }), ['0', '1', '2']);
  assert.deepEqual(await ids({ StreamName: 's', ShardFilter: { Type: 'FROM_TRIM_HORIZON' } }), [
    '0',
    '1',
    '2',
    '3',
    '4',
  ]);
  assert.deepEqual(
    await ids({ StreamName: 's', ShardFilter: { Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000002' } }),
    ['3', '4'],
  );
  const page = await streams.call('ListShards', { StreamARN: arn, MaxResults: 4 });
  assert.deepEqual(await ids({ NextToken: page['NextToken'] }), ['4']);
  assert.equal(
    await streams.refusal('ListShards', { StreamName: 's', NextToken: page['NextToken'] }),
    'InvalidArgumentException: NextToken and StreamName cannot be provided together.',
  );
  assert.match(
    await streams.refusal('ListShards', { StreamName: 's', ShardFilter: { Type: 'AFTER_SHARD_ID' } }),
    /^InvalidArgumentException/,
  );
});

test('what was changed is there after a restart', async () => {
  await streams.call('AddTagsToStream', { StreamName: 's', Tags: { kept: 'yes' } });
  await streams.call('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'a' });
  streams = await streams.restart();
  assert.equal(((await streams.call('ListTagsForStream', { StreamName: 's' }))['Tags'] as object[]).length, 2);
  assert.equal(((await streams.call('ListStreamConsumers', { StreamARN: arn }))['Consumers'] as object[]).length, 1);
});

test('a deleted stream is gone with its records, and its name is free for a new one', async () => {
  await streams.stop();
  streams = await testService();
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await streams.untilActive('s');
  await streams.call('DeleteStream', { StreamName: 's' });
  for (;;) {
    if ((await streams.refusal('DescribeStreamSummary', { StreamName: 's' })).startsWith('ResourceNotFound')) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await streams.call('CreateStream', { StreamName: 's', ShardCount: 1 });
  await streams.untilActive('s');
});
