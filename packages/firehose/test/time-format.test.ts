import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime } from '../src/delivery/time-format.ts';

/** What java.time.format.DateTimeFormatter (OpenJDK 17, Locale.US) made of 2026-03-07T04:05:06.789Z. */
const timeMs = Date.UTC(2026, 2, 7, 4, 5, 6, 789);

const java: readonly [pattern: string, zone: string, text: string][] = [
  ['yyyy/MM/dd/HH/', 'UTC', '2026/03/07/04/'],
  ["'year='yyyy'/month='M'/day='d", 'UTC', 'year=2026/month=3/day=7'],
  ['yy uuuu MMM MMMM MMMMM', 'UTC', '26 2026 Mar March M'],
  ['E EEEE EEEEE e', 'UTC', 'Sat Saturday S 7'],
  ['D DDD Q QQ QQQ QQQQ', 'UTC', '66 066 1 01 Q1 1st quarter'],
  ['h hh a H k kk K', 'UTC', '4 04 AM 4 4 04 4'],
  ['m mm s ss S SSS SSSSSS', 'UTC', '5 05 6 06 7 789 789000'],
  ['A n N', 'UTC', '14706789 789000000 14706789000000'],
  ['X XX XXX x xx xxx Z ZZZZZ', 'UTC', 'Z Z Z +00 +0000 +00:00 +0000 Z'],
  ['X XX XXX x xx xxx Z ZZZZZ', 'Asia/Kolkata', '+0530 +0530 +05:30 +0530 +0530 +05:30 +0530 +05:30'],
  ['ZZZZ VV', 'America/New_York', 'GMT-05:00 America/New_York'],
  ["yyyy-MM-dd''HH", 'America/New_York', "2026-03-06'23"],
  ['YYYY-ww', 'UTC', '2026-10'],
  ['z zzzz', 'America/New_York', 'EST Eastern Standard Time'],
  ['z', 'UTC', 'UTC'],
  ['ZZZZ', 'UTC', 'GMT'],
  ['c ccc L LLL G W F yyyyyy yyy', 'UTC', '7 Sat 3 Mar AD 1 7 002026 2026'],
];

for (const [pattern, zone, text] of java)
  test(`${pattern} in ${zone}`, () => assert.equal(formatTime(pattern, timeMs, zone), text));

test('the last days of December can belong to the next week-based year', () => {
  const ofJava = {
    '2024-12-28': '2024-52',
    '2024-12-29': '2025-01',
    '2022-12-31': '2022-53',
    '2026-12-31': '2027-01',
    '2020-12-31': '2021-01',
    '2021-01-01': '2021-01',
    '2028-12-31': '2029-01',
  };
  for (const [day, week] of Object.entries(ofJava)) assert.equal(formatTime('YYYY-ww', Date.parse(day)), week, day);
});

test('letters that stand for nothing, quotes without an end and unknown zones are refused', () => {
  assert.throws(() => formatTime('yyyy-b', timeMs), /letter b/);
  assert.throws(() => formatTime("yyyy'", timeMs), /quote/);
  assert.throws(() => formatTime('yyyy', timeMs, 'Mars/Olympus'), RangeError);
});
