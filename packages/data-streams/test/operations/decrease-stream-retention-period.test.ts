import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const decrease = (RetentionPeriodHours: number): Promise<string> =>
  one.refusal('DecreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours });

test('records that are older than the new period are gone at once', async () => {
  await one.call('IncreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours: 100 });
  await one.put('old');
  one.world.advance(50 * 3_600_000);
  await one.put('new');
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), ['old', 'new']);
  assert.equal(await decrease(25), 'nothing');
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), ['new']);
});

test('above what it is, and below 24 hours, is refused in AWS’s words', async () => {
  assert.equal(
    await decrease(25),
    'InvalidArgumentException: Requested retention period (25 hours) for stream s can not be longer than existing retention period (24 hours). Use IncreaseRetentionPeriod API.',
  );
  assert.match(await decrease(23), /^InvalidArgumentException: Minimum allowed retention period is 24 hours/);
  assert.equal(await decrease(24), 'nothing');
});
