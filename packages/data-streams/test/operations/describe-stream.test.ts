import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(3);
});
afterEach(() => one.streams.stop());

interface Description {
  StreamDescription: {
    Shards: { ShardId: string; SequenceNumberRange: object }[];
    HasMoreShards: boolean;
    [member: string]: unknown;
  };
}
const describe = async (input: object): Promise<Description['StreamDescription']> =>
  ((await one.call('DescribeStream', input)) as unknown as Description).StreamDescription;

test('the stream and its shards in pages; open shards have no ending number', async () => {
  const first = await describe({ StreamName: 's', Limit: 2 });
  assert.deepEqual([first.Shards.length, first.HasMoreShards], [2, true]);
  const rest = await describe({ StreamARN: streamArn, ExclusiveStartShardId: 'shardId-000000000001' });
  assert.deepEqual([rest.Shards.map(({ ShardId }) => ShardId), rest.HasMoreShards], [['shardId-000000000002'], false]);
  for (const { SequenceNumberRange } of [...first.Shards, ...rest.Shards])
    assert.deepEqual(Object.keys(SequenceNumberRange), ['StartingSequenceNumber']);
});

test('its members are those of a new stream, with whole seconds and without a stream id', async () => {
  const { Shards: _shards, StreamCreationTimestamp: created, ...rest } = await describe({ StreamName: 's' });
  assert.ok(Number.isInteger(created), String(created));
  assert.deepEqual(rest, {
    StreamName: 's',
    StreamARN: streamArn,
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    HasMoreShards: false,
    RetentionPeriodHours: 24,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
  });
});

test('ten calls a second and account, with limits on', async () => {
  await one.streams.stop();
  one = await OneStream.open(1, { limits: 'aws' });
  one.world.hold();
  for (let n = 0; n < 10; n += 1) await describe({ StreamName: 's' });
  assert.match(await one.refusal('DescribeStream', { StreamName: 's' }), /^LimitExceededException: Rate exceeded for/);
  await one.call('DescribeStream', { StreamName: 's' }, { region: 'eu-west-1' }).catch(() => undefined);
  one.world.advance(1000);
  await describe({ StreamName: 's' });
});

test('names that contradict each other, none, and one of nothing are refused', async () => {
  assert.match(
    await one.refusal('DescribeStream', { StreamName: 'x', StreamARN: streamArn }),
    /^InvalidArgumentException/,
  );
  assert.match(await one.refusal('DescribeStream', {}), /^InvalidArgumentException/);
  assert.match(
    await one.refusal('DescribeStream', { StreamARN: 'arn:aws:kinesis:x:000000000000:stream/a/b' }),
    /^InvalidArgumentException/,
  );
  assert.equal(
    await one.refusal('DescribeStream', { StreamName: 'x' }),
    'ResourceNotFoundException: Stream x under account 000000000000 not found.',
  );
});
