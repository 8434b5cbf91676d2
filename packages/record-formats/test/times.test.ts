/** Times and dates, as each SerDe reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileJoda } from '../src/times/joda.ts';
import { hiveTimes, openXTimes } from '../src/times/time-reader.ts';
import type { TimeReader } from '../src/times/time-reader.ts';

function nanosOf(times: TimeReader, value: unknown): bigint | undefined {
  const into = { seconds: 0, nanos: 0 };
  return times.instant(value, into) ? BigInt(into.seconds) * 1_000_000_000n + BigInt(into.nanos) : undefined;
}

function utc(text: string, nanos = 0): bigint {
  return BigInt(Date.parse(text)) * 1_000_000n + BigInt(nanos);
}

test("the forms of Firehose's documentation for OpenX", () => {
  const expected: readonly (readonly [unknown, bigint])[] = [
    ['2017-02-07T15:13:01.39256Z', utc('2017-02-07T15:13:01Z', 392_560_000)],
    ['2017-02-07T15:13:01', utc('2017-02-07T15:13:01Z')],
    ['2017-02-07 15:13:01.14', utc('2017-02-07T15:13:01.14Z')],
    ['2017-2-7 5:3:1.123456789', utc('2017-02-07T05:03:01Z', 123_456_789)],
    [1518033528, utc('2018-02-07T19:58:48Z')],
    ['1518033528', utc('2018-02-07T19:58:48Z')],
    [1518033528123, utc('2018-02-07T19:58:48.123Z')],
    [1518033528.123, utc('2018-02-07T19:58:48.123Z')],
    ['1518033528.123456789', utc('2018-02-07T19:58:48Z', 123_456_789)],
    ['1518033528123.5', utc('2018-02-07T19:58:48.123Z', 500_000)],
    [999_999_999_999, utc('+033658-09-27T01:46:39Z')],
    [1_000_000_000_000, utc('2001-09-09T01:46:40Z')],
    [-1.5, utc('1969-12-31T23:59:58.5Z')],
    [0, 0n],
  ];
  for (const [value, nanos] of expected) {
    // Of the years that a file has.
    const isBeyond = nanos > utc('9999-12-31T23:59:59Z');
    assert.equal(nanosOf(openXTimes, value), isBeyond ? undefined : nanos, String(value));
  }
  for (const value of [
    '2017-2-7T15:13:01Z',
    '2017-02-07T15:13:01+01:00',
    '2017-02-07 15:13:01Z',
    '2017-02-07',
    '2017-02-30 00:00:00',
    '2017-02-07 24:00:00',
    '',
    'now',
    true,
    {},
  ])
    assert.equal(nanosOf(openXTimes, value), undefined, JSON.stringify(value));
});

test("Hive's patterns, then its default", () => {
  const plain = hiveTimes([]);
  assert.equal(nanosOf(plain, '2017-2-7 15:13:01.14'), utc('2017-02-07T15:13:01.14Z'));
  for (const value of ['2017-02-07T15:13:01Z', '1518033528', 1518033528])
    assert.equal(nanosOf(plain, value), undefined);
  const times = hiveTimes(['yyyy/MM/dd HH', 'millis']);
  assert.equal(nanosOf(times, '2017/2/7 15'), utc('2017-02-07T15:00:00Z'));
  assert.equal(nanosOf(times, 1518033528123), utc('2018-02-07T19:58:48.123Z'));
  assert.equal(nanosOf(times, '1518033528'), utc('1970-01-18T13:40:33.528Z'));
  assert.equal(nanosOf(times, '2017-02-07 15:13:01'), utc('2017-02-07T15:13:01Z'));
  assert.equal(times.days('2017/2/7 15'), 17204);
  assert.equal(times.days('2017-02-07'), 17204);
  assert.equal(times.days('7.2.2017'), undefined);
});

test("Joda-Time's patterns", () => {
  const read = (pattern: string, text: string): string | undefined => {
    const into = { seconds: 0, nanos: 0 };
    return compileJoda(pattern)(text, into)
      ? new Date(into.seconds * 1000 + into.nanos / 1_000_000).toISOString()
      : undefined;
  };
  for (const [pattern, text, iso] of [
    ["yyyy-MM-dd'T'HH:mm:ss.SSSZ", '2017-02-07T15:13:01.250+0130', '2017-02-07T13:43:01.250Z'],
    ["yyyy-MM-dd'T'HH:mm:ssZZ", '2017-02-07t15:13:01-01:30', '2017-02-07T16:43:01.000Z'],
    ["yyyy-MM-dd'T'HH:mm:ssZ", '2017-02-07T15:13:01Z', '2017-02-07T15:13:01.000Z'],
    ['yyyyMMddHHmmssSSS', '20170207151301999', '2017-02-07T15:13:01.999Z'],
    ['yyyyMMddHHmmss.SSSSSSSSS', '20170207151301.123456789', '2017-02-07T15:13:01.123Z'],
    ['EEE, dd MMM yyyy HH:mm:ss z', 'Tue, 07 FEB 2017 15:13:01 GMT', '2017-02-07T15:13:01.000Z'],
    ['EEEE d MMMM yy', 'tuesday 7 february 17', '2017-02-07T00:00:00.000Z'],
    ['d/M/yy', '7/2/70', '1970-02-07T00:00:00.000Z'],
    ['hh:mm a', '12:30 AM', '1970-01-01T00:30:00.000Z'],
    ['K:mm a', '0:30 PM', '1970-01-01T12:30:00.000Z'],
    ['kk', '24', '1970-01-01T00:00:00.000Z'],
    ['YYYY-DDD', '2020-366', '2020-12-31T00:00:00.000Z'],
    ["h 'o''clock' a", "3 o'clock pm", '1970-01-01T15:00:00.000Z'],
    ["yyyy''MM", "2017'03", '2017-03-01T00:00:00.000Z'],
    ['[yyyy]', '[2017]', '2017-01-01T00:00:00.000Z'],
  ] as const)
    assert.equal(read(pattern, text), iso, pattern);
  for (const [pattern, text] of [
    ['yyyy-MM-dd', '2017-02-29'],
    ['yyyy-MM-dd', '2017-13-01'],
    ['yyyy-MM-dd', '2017-02-07 '],
    ['yyyy-MM-dd', '2017-02'],
    ['yyyy-DDD', '2019-366'],
    ['HH', '24'],
    ['hh', '0'],
    ['SSS', ''],
    ['Z', '+2500'],
    ['yyyyZ', '0001+0100'],
  ] as const)
    assert.equal(read(pattern, text), undefined, `${pattern} ${text}`);
  for (const pattern of ['', "yyyy'", 'G yyyy', 'xxxx-ww-e', 'ZZZ', 'b'])
    assert.throws(
      () => compileJoda(pattern),
      { name: 'ConversionSettingsError', message: /^TimestampFormats: / },
      pattern,
    );
});
