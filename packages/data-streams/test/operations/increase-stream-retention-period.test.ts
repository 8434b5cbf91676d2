import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OneStream } from '../one-stream.ts';

let one: OneStream;
beforeEach(async () => {
  one = await OneStream.open(1);
});
afterEach(() => one.streams.stop());

const increase = (RetentionPeriodHours: number): Promise<string> =>
  one.refusal('IncreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours });

test('up to 8,760 hours, the present value is fine, records live so long', async () => {
  await one.put('0');
  assert.equal(await increase(24), 'nothing');
  assert.equal(await increase(48), 'nothing');
  assert.equal((await one.summary())['RetentionPeriodHours'], 48);
  one.world.advance(47 * 3_600_000);
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), ['0']);
  one.world.advance(2 * 3_600_000);
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), []);
  assert.equal(await increase(8760), 'nothing');
  assert.deepEqual(await one.readFrom('TRIM_HORIZON'), []);
});

test('beyond the bounds, and below what it is, is refused in AWS’s words', async () => {
  await increase(48);
  assert.equal(
    await increase(47),
    'InvalidArgumentException: Requested retention period (47 hours) for stream s can not be shorter than existing retention period (48 hours). Use DecreaseRetentionPeriod API.',
  );
  assert.match(await increase(8761), /^InvalidArgumentException: Maximum allowed retention period is 8760 hours/);
  assert.match(
    await increase(23),
    /^InvalidArgumentException: Minimum allowed retention period is 24 hours\. Requested retention period \(23 hours\) is too short\./,
  );
});
