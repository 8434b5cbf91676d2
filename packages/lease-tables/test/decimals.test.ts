import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addNumbers, canonicalNumber, compareNumbers } from '../src/decimals.ts';

test('a number is written in one way', () => {
  const known: [string, string | undefined][] = [
    ['007', '7'],
    ['1.50', '1.5'],
    ['-0.0', '0'],
    ['.5', '0.5'],
    ['1e3', '1000'],
    ['-12E-4', '-0.0012'],
    ['9'.repeat(38), '9'.repeat(38)],
    ['9'.repeat(39), undefined],
    ['1e127', undefined],
    ['1e-140', undefined],
    ['', undefined],
    ['.', undefined],
    ['1x', undefined],
    ['NaN', undefined],
  ];
  for (const [text, expected] of known) assert.equal(canonicalNumber(text), expected, text);
});

test('sums and order are exact', () => {
  const number = fc.tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: 0, max: 12 }));
  const text = ([units, scale]: [bigint, number]): string => canonicalNumber(`${units}e-${scale}`)!;
  fc.assert(
    fc.property(number, number, (left, right) => {
      const scaled = ([units, scale]: [bigint, number]): bigint => units * 10n ** BigInt(12 - scale);
      const [one, other] = [scaled(left), scaled(right)];
      assert.equal(Math.sign(compareNumbers(text(left), text(right))), one < other ? -1 : one > other ? 1 : 0);
      assert.equal(addNumbers(text(left), text(right)), text([one + other, 12]));
      assert.equal(addNumbers(text(left), text(right), -1), text([one - other, 12]));
    }),
  );
});
