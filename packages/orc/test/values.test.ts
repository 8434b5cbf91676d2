/** What columns take, and what becomes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { daysOfDate, readInstant } from '../src/calendar.ts';
import { parseDecimal, parseShortDecimal } from '../src/decimal.ts';
import { decimalText } from '../src/statistics.ts';
import { compareText } from '../src/text-order.ts';

function nanosOf(value: unknown): bigint | undefined {
  const instant = { seconds: 0, nanos: 0 };
  return readInstant(value, instant) ? BigInt(instant.seconds) * 1_000_000_000n + BigInt(instant.nanos) : undefined;
}

test('dates: the days that Date has, and no others', () => {
  const first = Date.parse('0001-01-01');
  const last = Date.parse('9999-12-31');
  fc.assert(
    fc.property(fc.date({ min: new Date(first), max: new Date(last), noInvalidDate: true }), (date) => {
      const text = date.toISOString().slice(0, 10);
      const days = Math.floor(date.getTime() / 86_400_000);
      assert.equal(daysOfDate(text), days);
      assert.equal(daysOfDate(date), days);
      assert.equal(daysOfDate(days), days);
    }),
  );
  const none = [
    '2023-02-29',
    '2024-04-31',
    '2024-00-01',
    '2024-13-01',
    '2024-01-00',
    '24-01-01',
    '2024-1-1',
    '2024-01-01 ',
  ];
  for (const text of [...none, '0000-12-31', '2024/01/01', '', new Date(NaN), 2_932_897, 1.5, null, 10n])
    assert.equal(daysOfDate(text), undefined, String(text));
  assert.equal(daysOfDate('2000-02-29'), 11_016);
});

test('timestamps: texts, dates, milliseconds, nanoseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (millis) => {
      const expected = BigInt(millis) * 1_000_000n;
      const text = new Date(millis).toISOString();
      for (const value of [millis, new Date(millis), expected, text, text.replace('T', ' ').replace('Z', '')])
        assert.equal(nanosOf(value), expected, String(value));
    }),
  );
  const texts: [string, string][] = [
    ['2026-03-01', '2026-03-01T00:00:00Z'],
    ['2026-03-01 10:20', '2026-03-01T10:20:00Z'],
    ['2026-03-01 10:20Z', '2026-03-01T10:20:00Z'],
    ['2026-03-01T10:20:30+02:00', '2026-03-01T08:20:30Z'],
    ['2026-03-01T10:20:30.5-0130', '2026-03-01T11:50:30.5Z'],
  ];
  for (const [text, same] of texts) assert.equal(nanosOf(text), BigInt(Date.parse(same)) * 1_000_000n, text);
  assert.equal(nanosOf('1970-01-01 00:00:00.123456789'), 123_456_789n);
  assert.equal(nanosOf('1969-12-31 23:59:58.000000001'), -1_999_999_999n);
  assert.equal(nanosOf(1.0004), 1_000_000n);
  assert.equal(nanosOf(-1n), -1n);
  const none = ['2026-03-01 10', '2026-03-01 24:00', '2026-03-01 10:60', '2026-03-01 10:20:60', '2026-03-01 10:20:30.'];
  const more = [
    '2026-03-01 10:20:30.1234567890',
    '2026-03-01x10:20',
    '2026-03-01 10:20:30+',
    '2026-03-01 10:20 Z',
    'now',
  ];
  for (const value of [...none, ...more, '2026-03-01 10-20', '2026-03-01 10:20:30+25:00', NaN, 1e18, {}, true])
    assert.equal(nanosOf(value), undefined, JSON.stringify(value));
});

test('decimals: rounded half away from zero', () => {
  const cases: [unknown, number, bigint | undefined][] = [
    ['1.005', 2, 101n],
    ['-1.005', 2, -101n],
    ['1.0049', 2, 100n],
    ['0.5', 0, 1n],
    ['.4', 0, 0n],
    ['5.', 1, 50n],
    ['1e3', 2, 100_000n],
    ['1.5E-2', 2, 2n],
    ['1e-30', 2, 0n],
    ['+7', 0, 7n],
    [0.1, 3, 100n],
    [1e21, 0, 10n ** 21n],
    [12n, 2, 1200n],
    ['12345678901234567890.123', 3, 12_345_678_901_234_567_890_123n],
    ['', 0, undefined],
    ['.', 0, undefined],
    ['-', 0, undefined],
    ['1,5', 1, undefined],
    ['0x10', 0, undefined],
    [' 1', 0, undefined],
    [NaN, 0, undefined],
    [true, 0, undefined],
    ['9'.repeat(2000), 0, undefined],
  ];
  for (const [value, scale, expected] of cases) assert.equal(parseDecimal(value, scale), expected, String(value));
});

test('the short way to a decimal finds the same, or nothing', () => {
  const text = fc.tuple(fc.constantFrom('', '-'), fc.nat(10 ** 9), fc.constantFrom('', '.'), fc.nat(10 ** 6));
  fc.assert(
    fc.property(text, fc.nat(15), fc.boolean(), ([sign, whole, point, fraction], scale, asNumber) => {
      const written = `${sign}${whole}${point}${point === '' ? '' : fraction}`;
      const value = asNumber ? Number(written) : written;
      const short = parseShortDecimal(value, scale);
      if (!Number.isNaN(short)) assert.equal(BigInt(short), parseDecimal(value, scale), `${written} ${scale}`);
    }),
  );
  assert.equal(parseShortDecimal('12.5', 2), 1250);
  assert.equal(parseShortDecimal('12.555', 2), NaN);
});

test('the text of a decimal is the shortest plain one', () => {
  assert.deepEqual(
    [
      [0, 2],
      [5, 2],
      [-50, 2],
      [1200, 2],
      [123, 0],
    ].map(([unscaled, scale]) => decimalText(unscaled!, scale!)),
    ['0', '0.05', '-0.5', '12', '123'],
  );
});

test('texts are in the order of their bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
      assert.equal(Math.sign(compareText(left, right)), Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }),
  );
  assert.ok(compareText('\uFFFD', '\u{1F600}') < 0);
});
