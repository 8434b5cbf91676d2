import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream, streamArn } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(3);
});
afterEach(() => one.streams.stop());

const setMode = (StreamMode: string, more: object = {}): Promise<string> =>
  one.refusal('UpdateStreamMode', { StreamARN: streamArn, StreamModeDetails: { StreamMode }, ...more });

test('to on-demand and back: UPDATING, then ACTIVE with the same shards', async () => {
  assert.equal(await setMode('ON_DEMAND'), 'nothing');
  assert.equal((await one.summary())['StreamStatus'], 'UPDATING');
  await one.active();
  const summary = await one.summary();
  assert.deepEqual([summary['StreamModeDetails'], summary['OpenShardCount']], [{ StreamMode: 'ON_DEMAND' }, 3]);
  assert.equal(await setMode('PROVISIONED'), 'nothing');
  await one.active();
  assert.equal((await one.summary())['OpenShardCount'], 3);
});

test('warm throughput comes with the mode; on a provisioned stream it is refused', async () => {
  assert.match(await setMode('PROVISIONED', { WarmThroughputMiBps: 5 }), /^InvalidArgumentException/);
  assert.equal(await setMode('ON_DEMAND', { WarmThroughputMiBps: 5 }), 'nothing');
  await one.active();
  assert.equal((await one.summary())['OpenShardCount'], 5);
});

test('twice in 24 hours, with limits on', async () => {
  await one.streams.stop();
  one = await OneStream.open(1, { limits: 'aws' });
  for (const mode of ['ON_DEMAND', 'PROVISIONED']) {
    assert.equal(await setMode(mode), 'nothing');
    await one.active();
    one.world.advance(1000);
  }
  assert.match(await setMode('ON_DEMAND'), /^LimitExceededException: .*2 times in 24 hours/);
  one.world.advance(24 * 3_600_000);
  assert.equal(await setMode('ON_DEMAND'), 'nothing');
});
