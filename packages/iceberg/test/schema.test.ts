/** Transforms, bounds and hashes by the specification's own values; against pyiceberg in tests/destinations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bindTransform, MetricsCollector, Partitioner, singleValue } from '../src/index.ts';
import type { IcebergField, PrimitiveType } from '../src/index.ts';
import { isTextBefore } from '../src/schema/metrics.ts';
import { murmur3 } from '../src/schema/murmur3.ts';

/** https://iceberg.apache.org/spec/#appendix-b-32-bit-hash-requirements */
test("the specification's hashes", () => {
  const long = (value: number): Buffer => singleValue({ kind: 'long' }, value);
  for (const [bytes, hash] of [
    [long(34), 2_017_239_379],
    [singleValue({ kind: 'decimal', precision: 9, scale: 2 }, 1420), -500_754_589],
    [long(17_486), -653_330_422],
    [long(81_068_000_000), -662_762_989],
    [long(1_510_871_468_000_000), -2_047_944_441],
    [Buffer.from('iceberg'), 1_210_000_089],
    [singleValue({ kind: 'uuid' }, 0xf79c3e09_677c_4bbd_a479_3f349cb785e7n), 1_488_055_340],
    [Buffer.from([0, 1, 2, 3]), -188_683_207],
  ] as const)
    assert.equal(murmur3(bytes), hash);
});

const timestamp: PrimitiveType = { kind: 'timestamp' };

test('transforms and what they print', () => {
  const micros = Date.UTC(2026, 2, 1, 13) * 1000 + 999_999;
  const before = Date.UTC(1969, 11, 31, 23, 59) * 1000;
  for (const [name, type, value, result, printed] of [
    ['year', timestamp, micros, 56, '2026'],
    ['month', timestamp, micros, 674, '2026-03'],
    ['day', timestamp, micros, 20_513, '2026-03-01'],
    ['hour', timestamp, BigInt(micros), 492_325, '2026-03-01-13'],
    ['year', timestamp, before, -1, '1969'],
    ['month', timestamp, before, -1, '1969-12'],
    ['day', timestamp, before, -1, '1969-12-31'],
    ['hour', timestamp, BigInt(before), -1, '1969-12-31-23'],
    ['month', { kind: 'date' }, -1, -1, '1969-12'],
    ['truncate[10]', { kind: 'int' }, -1, -10, '-10'],
    ['truncate[10]', { kind: 'long' }, -(2n ** 63n) + 8n, -(2n ** 63n) - 2n + 10n, '-9223372036854775800'],
    ['truncate[3]', { kind: 'string' }, '🦀🦀🦀🦀', '🦀🦀🦀', '🦀🦀🦀'],
    ['identity', { kind: 'boolean' }, true, true, 'true'],
    ['void', { kind: 'int' }, 3, null, 'null'],
  ] as const) {
    const transform = bindTransform(name, type);
    const applied = transform.apply(value);
    assert.deepEqual([applied, transform.print(applied)], [result, printed], `${name} of ${type.kind}`);
  }
  for (const [name, type] of [
    ['bucket[16]', { kind: 'double' }],
    ['truncate[3]', { kind: 'date' }],
    ['hour', { kind: 'date' }],
    ['day', { kind: 'long' }],
    ['bucket[0]', { kind: 'int' }],
    ['zorder', { kind: 'int' }],
  ] as const)
    assert.throws(() => bindTransform(name, type), { code: 'Iceberg.UnsupportedTable' });
});

test('folders of partitions', () => {
  const schema = {
    kind: 'struct',
    fields: [
      { id: 1, name: 'shop', isRequired: false, type: { kind: 'string' } },
      {
        id: 2,
        name: 'deep',
        isRequired: false,
        type: { kind: 'struct', fields: [{ id: 3, name: 'at', isRequired: false, type: { kind: 'date' } }] },
      },
    ],
  } as const;
  const fields = [
    { id: 1000, sourceId: 1, name: 'shop', transform: 'identity' },
    { id: 1001, sourceId: 3, name: 'at/day', transform: 'day' },
  ];
  const partitioner = new Partitioner(schema, { id: 0, fields });
  const one = partitioner.partitionOf(['a/b=ü', [20_513]]);
  assert.equal(partitioner.pathOf(one.values), 'shop=a%2Fb%3D%C3%BC/at%2Fday=2026-03-01');
  const none = partitioner.partitionOf([null, null]);
  assert.equal(partitioner.pathOf(none.values), 'shop=null/at%2Fday=null');
  const text = partitioner.partitionOf(['null', null]);
  assert.notEqual(text.key, none.key);
});

function bounds(type: PrimitiveType, values: readonly unknown[]): (Buffer | undefined)[] {
  const field: IcebergField = { id: 7, name: 'x', isRequired: false, type };
  const collector = new MetricsCollector({ kind: 'struct', fields: [field] });
  for (const value of values) collector.add([value]);
  const { lowerBounds, upperBounds } = collector.metrics();
  return [lowerBounds, upperBounds].map(([pair]) => (pair === undefined ? undefined : Buffer.from(pair[1])));
}

test('bounds are around all values', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (values) => {
      const [lower, upper] = bounds({ kind: 'string' }, values);
      for (const value of values) {
        assert.ok(Buffer.compare(lower!, Buffer.from(value)) <= 0);
        assert.ok(upper === undefined || Buffer.compare(Buffer.from(value), upper) <= 0);
      }
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1 }), (values) => {
      const [lower, upper] = bounds(
        { kind: 'binary' },
        values.map((value) => Buffer.from(value)),
      );
      for (const value of values) {
        assert.ok(Buffer.compare(lower!, value) <= 0);
        assert.ok(upper === undefined || Buffer.compare(value, upper) <= 0);
      }
    }),
  );
  fc.assert(
    fc.property(text, text, (a, b) =>
      assert.equal(isTextBefore(a, b), Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0),
    ),
  );
});

test('bounds at the edges', () => {
  const text = (values: readonly string[]): (string | undefined)[] =>
    bounds({ kind: 'string' }, values).map((bound) => bound?.toString());
  assert.deepEqual(text(['x'.repeat(16)]), ['x'.repeat(16), 'x'.repeat(16)]);
  assert.deepEqual(text(['x'.repeat(17)]), ['x'.repeat(16), `${'x'.repeat(15)}y`]);
  assert.deepEqual(text([`${'a'.repeat(15)}\u{10FFFF}z`]), [`${'a'.repeat(15)}\u{10FFFF}`, `${'a'.repeat(14)}b`]);
  assert.deepEqual(text(['\u{10FFFF}'.repeat(17)]), ['\u{10FFFF}'.repeat(16), undefined]);
  assert.deepEqual(text([`${'\uD7FF'.repeat(16)}z`])[1], `${'\uD7FF'.repeat(15)}\uE000`);
  const [lower, upper] = bounds({ kind: 'double' }, [NaN, 0, null]);
  assert.deepEqual([lower!.readDoubleLE(), upper!.readDoubleLE()], [-0, 0]);
  assert.deepEqual(bounds({ kind: 'double' }, [NaN, null]), [undefined, undefined]);
  assert.deepEqual(bounds({ kind: 'binary' }, [Buffer.alloc(17, 0xff)])[1], undefined);
  assert.deepEqual(
    bounds({ kind: 'long' }, [5, -(2n ** 62n), 2n ** 62n]).map((bound) => bound!.readBigInt64LE()),
    [-(2n ** 62n), 2n ** 62n],
  );
});
