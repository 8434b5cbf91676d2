import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { merge, percentile, percentileOf, statisticsOf } from '../src/statistics.ts';
import type { Statistics } from '../src/statistics.ts';

const sum = (values: readonly number[]): Statistics => statisticsOf(values.map((value) => [value, 1] as const));

/** The value that `percent` of a list do not pass, by the definition. */
function ranked(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}

const percents = fc.constantFrom(0, 10, 50, 90, 95, 99, 99.9, 100);

test('percentiles of up to a hundred different values are exact', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(80), { minLength: 1, maxLength: 300 }), percents, (values, percent) => {
      assert.equal(percentile(sum(values), percent), ranked(values, percent));
    }),
  );
});

test('of more values they are as near as the ladder’s rungs, whatever was merged with what', () => {
  const value = fc.oneof(fc.double({ min: 0.001, max: 1e6, noNaN: true }), fc.constant(0), fc.nat(10_000));
  const parts = fc.array(fc.array(value, { minLength: 1, maxLength: 120 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(parts, percents, (lists, percent) => {
      const [first, ...others] = lists.map(sum);
      for (const other of others) merge(first!, other);
      const all = lists.flat();
      const [found, exact] = [percentile(first!, percent)!, ranked(all, percent)];
      const { spread } = first!;
      // At level n a rung is 2 % to the power of 2^(n-1) above the one below.
      const rung = typeof spread === 'string' || spread.level === 0 ? 1 : 1.02 ** (2 ** (spread.level - 1));
      assert.ok(found <= exact * rung * 1.000001 && found >= exact / rung / 1.000001, `${found} for ${exact}`);
      assert.ok(typeof spread === 'string' || spread.counts.size <= 100);
      assert.equal(first!.count, all.length);
    }),
  );
});

test('ten thousand latencies take a hundred counts, and tell p99 to a few percent', () => {
  const values = Array.from({ length: 10_000 }, (_, n) => 1 + (n / 100) ** 1.5);
  const all = sum(values);
  for (const percent of [50, 90, 99, 99.9]) {
    const [found, exact] = [percentile(all, percent)!, ranked(values, percent)];
    assert.ok(Math.abs(found / exact - 1) < 0.045, `p${percent}: ${found} for ${exact}`);
  }
});

test('there are none of negative values, nor of sums', () => {
  assert.equal(percentile(sum([-1, 5]), 50), undefined);
  const known = sum([1, 2]);
  merge(known, { count: 3, sum: 6, min: 1, max: 3, spread: 'unknown' });
  assert.equal(percentile(known, 50), undefined);
  assert.deepEqual([known.count, known.sum, known.max], [5, 9, 3]);
});

test('the names of percentiles', () => {
  assert.deepEqual(['p50', 'p99.9', 'p100', 'p0', 'p101', 'p', 'tm99', 'p-1', 'p1e1'].map(percentileOf), [
    ...[50, 99.9, 100, 0],
    ...Array.from({ length: 5 }, () => undefined),
  ]);
});
