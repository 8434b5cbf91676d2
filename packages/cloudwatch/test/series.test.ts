import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MetricStore } from '../src/metric-store.ts';
import type { MetricName } from '../src/metric-store.ts';
import { Series } from '../src/series.ts';
import { figureOf, statisticsOf } from '../src/statistics.ts';
import type { Statistics } from '../src/statistics.ts';

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;
const startMs = Date.UTC(2026, 0, 1);
const one = (value: number): Statistics => statisticsOf([[value, 1]]);

test('periods have the count, sum and extremes of their values', () => {
  const value = fc.record({ minute: fc.nat(100), value: fc.integer({ min: -50, max: 50 }) });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 80 }), fc.constantFrom(1, 5, 15, 60), (values, periodMinutes) => {
      const series = new Series();
      const nowMs = startMs + 101 * minuteMs;
      for (const { minute, value: number } of values) series.add(startMs + minute * minuteMs + 17, one(number), nowMs);
      const periodMs = periodMinutes * minuteMs;
      const points = series.read(startMs, nowMs, { periodMs, nowMs });
      const twin = new Map<number, number[]>();
      for (const { minute, value: number } of values) {
        const timeMs = startMs + Math.floor(minute / periodMinutes) * periodMs;
        twin.set(timeMs, [...(twin.get(timeMs) ?? []), number]);
      }
      const expected = [...twin].sort(([left], [right]) => left - right);
      assert.deepEqual(
        points.map(({ timeMs, count, sum, min, max }) => [timeMs, count, sum, min, max]),
        expected.map(([timeMs, list]) => [
          timeMs,
          list.length,
          list.reduce((left, right) => left + right, 0),
          Math.min(...list),
          Math.max(...list),
        ]),
      );
    }),
  );
});

test('15 days are kept, older ones in longer periods, in bounded memory', () => {
  const series = new Series();
  let nowMs = startMs;
  for (let minute = 0; minute < 20 * 1440; minute += 1) {
    nowMs = startMs + minute * minuteMs;
    series.add(nowMs, one(1), nowMs);
  }
  const read = (backMs: number, periodMs: number): number =>
    series.read(nowMs - backMs, nowMs + 1, { periodMs, nowMs }).reduce((sum, { count }) => sum + count, 0);
  assert.equal(series.read(nowMs - 10 * minuteMs, nowMs + 1, { periodMs: minuteMs, nowMs }).length, 11);
  assert.ok(Math.abs(read(dayMs / 2, minuteMs) - 720) <= 10);
  assert.ok(Math.abs(read(14 * dayMs, dayMs) - 14 * 1440) <= 1500);
  assert.ok(read(19 * dayMs, dayMs) <= 15 * 1440 + 60);
  assert.equal(figureOf({ ...one(1), count: 4, sum: 10 }, 'Average'), 2.5);
});

const metric = (name: string, ...pairs: [string, string][]): MetricName => ({
  account: '1',
  region: 'r',
  namespace: 'N',
  name,
  dimensions: pairs.map(([Name, Value]) => ({ Name, Value })),
});

test('dimensions name a metric in whatever order; who has too many metrics loses the oldest', () => {
  const store = new MetricStore();
  let change = 0;
  const add = (name: MetricName): void =>
    store.add({ metric: name, timeMs: startMs, unit: 'None', statistics: one(1) }, startMs, (change += 1));
  add(metric('m', ['a', '1'], ['b', '2']));
  assert.notEqual(store.find(metric('m', ['b', '2'], ['a', '1'])), undefined);
  assert.equal(store.find(metric('m', ['a', '1'])), undefined);
  for (let n = 0; n < 6000; n += 1) add(metric(`m${n}`));
  assert.equal(store.size, 5000);
  assert.equal(store.find(metric('m', ['a', '1'], ['b', '2'])), undefined);
  assert.equal(store.list('1', 'r', startMs).length, 5000);
  assert.equal(store.list('1', 'r', startMs + 16 * dayMs).length, 0);
});

test('who has too many periods and values loses the metrics that were not written longest', () => {
  const store = new MetricStore({ series: 100, cells: 5000 });
  let change = 0;
  for (let minute = 0; minute < 100; minute += 1)
    for (let n = 0; n < 50; n += 1) {
      const nowMs = startMs + minute * minuteMs;
      const statistics = statisticsOf(Array.from({ length: 10 }, (_, value) => [value, 1] as const));
      store.add({ metric: metric(`m${n}`), timeMs: nowMs, unit: 'None', statistics }, nowMs, (change += 1));
      assert.ok(store.cells <= 5000, String(store.cells));
    }
  // What was dropped comes back with its next value: all are there, with less of the past.
  assert.deepEqual([store.size, [...store.all()].at(-1)!.name], [50, 'm49']);
  const lengths = [...store.all()].map(({ series }) => series.tiers(startMs + 99 * minuteMs)[0]!.length);
  assert.ok(Math.max(...lengths) > 10 && Math.min(...lengths) < 100, lengths.join());
  assert.equal(
    store.cells,
    [...store.all()].reduce((sum, { series }) => sum + series.cells, 0),
  );
});
