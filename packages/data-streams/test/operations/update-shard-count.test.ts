import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(2);
});
afterEach(() => one.streams.stop());

const update = (TargetShardCount: number, more: object = {}): Promise<string> =>
  one.refusal('UpdateShardCount', { StreamName: 's', TargetShardCount, ScalingType: 'UNIFORM_SCALING', ...more });

test('the answer tells present and target; then there are so many even shards', async () => {
  const answer = await one.call('UpdateShardCount', {
    StreamARN: streamArn,
    TargetShardCount: 3,
    ScalingType: 'UNIFORM_SCALING',
  });
  assert.deepEqual(answer, { StreamName: 's', StreamARN: streamArn, CurrentShardCount: 2, TargetShardCount: 3 });
  await one.active();
  assert.equal((await one.summary())['OpenShardCount'], 3);
});

test('at most double, at least half, ten times a day, not beyond the quota, not on demand', async () => {
  await one.streams.stop();
  one = await OneStream.open(4, { limits: 'aws', shardQuota: 6 });
  assert.match(
    await update(9),
    /^InvalidArgumentException: UpdateShardCount cannot scale up over double your current open shard count/,
  );
  assert.match(
    await update(1),
    /^InvalidArgumentException: UpdateShardCount cannot scale down below half your current open shard count/,
  );
  assert.match(await update(7), /^LimitExceededException: This request would exceed the shard limit/);
  for (let n = 0; n < 10; n += 1) {
    assert.equal(await update(n % 2 === 0 ? 5 : 4), 'nothing');
    one.world.advance(1000);
    await one.active();
  }
  assert.match(await update(5), /^LimitExceededException: .*10 times in 24 hours/);
  one.world.advance(24 * 3_600_000);
  assert.equal(await update(5), 'nothing');
  await one.active();
  await one.call('UpdateStreamMode', { StreamARN: streamArn, StreamModeDetails: { StreamMode: 'ON_DEMAND' } });
  await one.active();
  one.world.advance(1000);
  assert.match(await update(6), /ON_DEMAND/);
});
