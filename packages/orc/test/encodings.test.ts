/** The examples of ORC's specification, byte for byte, and the edges of each encoding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBuilder } from '../src/byte-builder.ts';
import { packNanos } from '../src/columns/timestamps.ts';
import { compressedChunk } from '../src/compression.ts';
import { bitLength, fixedWidth, widthCode } from '../src/encodings/bit-packing.ts';
import { encodeBytes } from '../src/encodings/byte-rle.ts';
import { encodeIntegersV1 } from '../src/encodings/rle-v1.ts';
import { encodeWideIntegersV2 } from '../src/encodings/rle-v2-wide.ts';
import { encodeIntegersV2 } from '../src/encodings/rle-v2.ts';
import { OutputStream } from '../src/output-stream.ts';
import { Bits } from '../src/presence.ts';

function encoded(write: (out: ByteBuilder) => void): string {
  const out = new ByteBuilder(1);
  write(out);
  return out.view().toString('hex');
}

const v1 = (values: number[], isSigned = false): string =>
  encoded((out) => encodeIntegersV1(Float64Array.from(values), values.length, isSigned, out));
const v2 = (values: number[], isSigned = false): string =>
  encoded((out) => encodeIntegersV2(Float64Array.from(values), values.length, isSigned, out));
const wide = (values: bigint[]): string =>
  encoded((out) => encodeWideIntegersV2(BigInt64Array.from(values), values.length, out));
const bytes = (values: number[]): string => encoded((out) => encodeBytes(Uint8Array.from(values), out));
const repeated = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

test('varints: the table of the specification', () => {
  const table: [number, string][] = [
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '8001'],
    [129, '8101'],
    [16_383, 'ff7f'],
    [16_384, '808001'],
    [16_385, '818001'],
    [2 ** 53, '8080808080808010'],
  ];
  for (const [value, expected] of table)
    assert.equal(
      encoded((out) => out.varint(value)),
      expected,
    );
  for (const [value, expected] of table)
    assert.equal(
      encoded((out) => out.wideVarint(BigInt(value))),
      expected,
    );
  assert.deepEqual(
    [0, -1, 1, -2, 2].map((value) => encoded((out) => out.signedVarint(value))),
    ['00', '01', '02', '03', '04'],
  );
  assert.equal(
    encoded((out) => out.signedVarint(-(2n ** 63n))),
    'ffffffffffffffffff01',
  );
});

test('bytes: runs of 3 to 130, up to 128 literals', () => {
  assert.equal(bytes(repeated(100, 0)), '6100');
  assert.equal(bytes([0x44, 0x45]), 'fe4445');
  assert.equal(bytes(repeated(131, 7)), '7f07ff07');
  assert.equal(bytes([1, 1, 2, 2, 2]), 'fe01010002');
  const different = Array.from({ length: 129 }, (_, index) => index);
  assert.equal(bytes(different), `80${Buffer.from(different.slice(0, 128)).toString('hex')}ff80`);
});

test('booleans: bits from the highest, and positions that begin within a byte', () => {
  const stream = new OutputStream({ chunkBytes: 4096, compress: undefined });
  const bits = new Bits();
  for (const bit of [1, 0, 0, 0, 0, 0, 0, 0]) bits.push(bit);
  bits.encode(stream, []);
  assert.equal(Buffer.concat(stream.take().chunks).toString('hex'), 'ff80');
  for (let index = 0; index < 40; index += 1) bits.push(index % 3 === 0 ? 1 : 0);
  assert.deepEqual(bits.encode(stream, [0, 12, 40]), [
    [0, 0, 0],
    // One literal byte before it, behind its header, then four bits of the second byte.
    [2, 0, 4],
    [7, 0, 0],
  ]);
});

test('integers, version 1', () => {
  assert.equal(v1(repeated(100, 7)), '610007');
  assert.equal(v1(Array.from({ length: 100 }, (_, index) => 100 - index)), '61ff64');
  assert.equal(v1([2, 3, 6, 7, 11]), 'fb020306070b');
  assert.equal(v1([0, 127, 254]), '007f00');
  assert.equal(v1([0, 128, 256]), 'fd0080018002');
  assert.equal(v1([-1, -2, -3], true), '00ff01');
});

test('integers, version 2: the four examples', () => {
  assert.equal(v2(repeated(5, 10_000)), '0a2710');
  assert.equal(v2([23_713, 43_806, 57_005, 48_879]), '5e035ca1ab1edeadbeef');
  const patched = [2030, 2000, 2020, 1_000_000, ...Array.from({ length: 16 }, (_, index) => 2040 + index * 10)];
  assert.equal(v2(patched), '8e132b2107d01e00147028323c46505a646e78828c96a0aab4befce8');
  assert.equal(v2([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]), 'c609020222424246');
});

test('integers, version 2: repeats, falling runs, signs, full runs', () => {
  assert.equal(v2(repeated(11, 3)), 'c00a0300');
  assert.equal(v2(repeated(513, 3)), 'c1ff03004200c0', 'a run of 512, then one value of two bits');
  assert.equal(v2([10, 8, 6, 4, 2, 0]), 'c0050a03');
  assert.equal(v2([-1, -1, -1], true), '0001');
  assert.equal(v2([-5, 5], true), '46019a');
});

test('integers, version 2, beyond 2^51', () => {
  const least = -(2n ** 63n);
  assert.equal(wide([least]), '7e00ffffffffffffffff');
  assert.equal(wide([2n ** 63n - 1n, least]), '7e01fffffffffffffffeffffffffffffffff');
  assert.equal(wide(repeated(3, least)), 'c002ffffffffffffffffff0100');
  assert.equal(wide([2n ** 60n, 2n ** 60n + 1n, 2n ** 60n + 4n]), 'c20280808080808080802002c0');
});

test('widths that a header can name', () => {
  assert.deepEqual([1, 24, 25, 27, 31, 33, 41, 57].map(fixedWidth), [1, 24, 26, 28, 32, 40, 48, 64]);
  assert.deepEqual(
    [1, 2, 4, 8, 16, 24, 26, 28, 30, 32, 40, 48, 56, 64].map(widthCode),
    [0, 1, 3, 7, 15, 23, 24, 25, 26, 27, 28, 29, 30, 31],
  );
  assert.deepEqual([0, 1, 2, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 53].map(bitLength), [1, 1, 2, 8, 9, 32, 33, 54]);
});

test('nanoseconds lose their trailing zeros', () => {
  assert.deepEqual([0, 1000, 100_000, 10, 123_456_789].map(packNanos), [0, 0x0a, 0x0c, 80, 987_654_312]);
});

test("a chunk's header is its length and whether it is the original", () => {
  const compressed = compressedChunk(new Uint8Array(200_000), () => new Uint8Array(100_000));
  assert.deepEqual([...compressed.subarray(0, 3)], [0x40, 0x0d, 0x03]);
  const original = compressedChunk(new Uint8Array(5), () => new Uint8Array(5));
  assert.deepEqual([...original], [0x0b, 0, 0, 0, 0, 0, 0, 0]);
});
