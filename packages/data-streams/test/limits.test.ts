import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { realWorld } from '@millrace/world';
import { createLimits } from '../src/limits/create-limits.ts';
import { TokenBucket } from '@millrace/world';

test('a bucket lets through exactly what a slow, obvious twin lets through', () => {
  const call = fc.record({ waitMs: fc.integer({ min: 0, max: 2000 }), amount: fc.integer({ min: 1, max: 50 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(call, { maxLength: 60 }), (perSecond, calls) => {
      const bucket = new TokenBucket(perSecond, 0);
      let now = 0;
      let twin = BigInt(perSecond) * 1000n;
      for (const { waitMs, amount } of calls) {
        now += waitMs;
        twin += BigInt(waitMs) * BigInt(perSecond);
        if (twin > BigInt(perSecond) * 1000n) twin = BigInt(perSecond) * 1000n;
        const expected = twin >= BigInt(amount) * 1000n;
        assert.equal(bucket.has(amount, now), expected);
        if (!expected) continue;
        bucket.take(amount);
        twin -= BigInt(amount) * 1000n;
      }
    }),
  );
});

/** Limits on a clock that the test moves. */
function limitsAt(): { limits: ReturnType<typeof createLimits>; advance(ms: number): void } {
  const world = realWorld();
  let now = 0;
  const clock = { ...world.clock, monotonicMs: () => now };
  return { limits: createLimits('aws', { ...world, clock }), advance: (ms) => (now += ms) };
}

test('a shard takes 1,000 records at once, no more, and one more each millisecond', () => {
  const { limits, advance } = limitsAt();
  for (let n = 0; n < 1000; n += 1) assert.ok(limits.takeWrite(1, 10));
  assert.ok(!limits.takeWrite(1, 10));
  advance(1);
  assert.ok(limits.takeWrite(1, 10));
  assert.ok(!limits.takeWrite(1, 10));
  assert.ok(limits.takeWrite(2, 10), 'another shard has its own budget');
});

test('a shard takes 1 MiB a second; a larger record passes a full budget and is paid off first', () => {
  const { limits, advance } = limitsAt();
  assert.ok(limits.takeWrite(1, 10 << 20));
  advance(9000);
  assert.ok(!limits.takeWrite(1, 1000));
  advance(1000);
  assert.ok(limits.takeWrite(1, 1000));
});

test('GetRecords: five a second, and after 10 MiB nothing for the time that 2 MiB a second need', () => {
  const { limits, advance } = limitsAt();
  const begin = (): void => limits.beginRead(1, 'shardId-000000000000', 's', '000000000000');
  for (let n = 0; n < 5; n += 1) begin();
  assert.throws(begin, {
    code: 'ProvisionedThroughputExceededException',
    message: 'Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
  });
  advance(1000);
  begin();
  limits.endRead(1, 10 << 20);
  advance(3900);
  assert.throws(begin, { code: 'ProvisionedThroughputExceededException' });
  advance(200);
  begin();
});

test('control operations have their calls a second by account; none asks for nothing', () => {
  const { limits, advance } = limitsAt();
  for (let n = 0; n < 5; n += 1) limits.call('CreateStream', 'a', 'r');
  assert.throws(() => limits.call('CreateStream', 'a', 'r'), { code: 'LimitExceededException' });
  limits.call('CreateStream', 'b', 'r');
  advance(200);
  limits.call('CreateStream', 'a', 'r');
  const none = createLimits('none', realWorld());
  for (let n = 0; n < 2000; n += 1) assert.ok(none.takeWrite(1, 1 << 20));
});
