import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { OrcValueError, createOrcWriter } from '@millrace/orc';
import type { OrcOptions, OrcRow } from '@millrace/orc';

const schema =
  'struct<i:int,b:bigint,t:tinyint,d:double,o:boolean,s:string,v:varchar(3),n:binary,x:decimal(5,2),a:date,' +
  'm:timestamp,l:array<struct<p:int,q:string>>,k:map<int,string>,c:struct<e:decimal(30,3),f:array<bigint>>>';

function row(index: number): Record<string, unknown> {
  return {
    i: index,
    b: index % 3 === 0 ? 2n ** 62n - BigInt(index) : index,
    t: index % 100,
    d: index / 8,
    o: index % 2 === 0,
    s: `text ${index % 40}`,
    v: 'abcdef',
    n: new Uint8Array([index & 255]),
    x: '1.25',
    a: '2026-01-01',
    m: 1_767_225_600_000 + index,
    l: index % 4 === 0 ? null : [{ p: index, q: 'q' }, null],
    k: { [index]: 'v', 7: null },
    c: { e: index % 2 === 0 ? '12345678901234567890.5' : index, f: [index, null, 2n ** 60n] },
  };
}

async function write(batches: readonly (readonly OrcRow[])[], options: OrcOptions = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const writer = createOrcWriter(schema, options, (bytes) => void chunks.push(bytes));
  for (const rows of batches) await writer.write(rows);
  await writer.finish();
  return Buffer.concat(chunks);
}

/** One value that does not fit, for each column, and what the error says. */
const misfits: readonly [Record<string, unknown>, RegExp][] = [
  [{ i: 2 ** 31 }, /^i: 2147483648 is not an int$/],
  [{ i: 1.5 }, /^i: 1.5 is not an int$/],
  [{ i: 'x' }, /^i: "x" is not an int$/],
  [{ b: 2n ** 63n }, /^b: 9223372036854775808 is not a bigint$/],
  [{ t: 128 }, /^t: 128 is not a tinyint$/],
  [{ d: 'much' }, /^d: "much" is not a double$/],
  [{ o: 1 }, /^o: 1 is not a boolean$/],
  [{ s: 5 }, /^s: 5 is not a text$/],
  [{ v: [] }, /^v: an array is not a text$/],
  [{ n: 5 }, /^n: 5 is not bytes or text$/],
  [{ x: '1000' }, /^x: "1000" is not a decimal\(5,2\)$/],
  [{ x: 999.996 }, /^x: 999.996 is not a decimal\(5,2\)$/],
  [{ a: '2026-02-30' }, /^a: "2026-02-30" is not a date/],
  [{ m: '1969-12-31 23:59:59.5' }, /^m: .* is not a timestamp that ORC has/],
  [{ m: 'noon' }, /^m: "noon" is not a timestamp/],
  [{ l: {} }, /^l: an object is not an array$/],
  [{ l: [{ p: 1 }, { p: 'one' }] }, /^l\[\]\.p: "one" is not an int$/],
  [{ k: 5 }, /^k: 5 is not a map$/],
  [{ k: { one: 'v' } }, /^k\.key: "one" is not an int$/],
  [{ k: [[null, 'v']] }, /^k\.key: .* is not a key$/],
  [{ c: 'struct' }, /^c: "struct" is not a struct$/],
  // Its decimal is wide, and that of the row in its place is not.
  [{ c: { e: '98765432109876543210.5', f: [1, {}] } }, /^c\.f\[\]: an object is not a bigint$/],
];

test('a row with a misfit is left out whole, and the file is as if it had never been', async () => {
  const good = Array.from({ length: 3000 }, (_, index) => row(index));
  for (const FormatVersion of ['V0_11', 'V0_12'] as const) {
    const options = { FormatVersion, RowIndexStride: 1000, BloomFilterColumns: ['s', 'b', 'c'] };
    const expected = await write([good], options);
    const mixed: OrcRow[] = [];
    for (const [index, fits] of good.entries()) {
      const misfit = misfits[index % 97];
      if (misfit !== undefined) mixed.push({ ...fits, ...misfit[0] });
      mixed.push(fits);
    }
    assert.ok(mixed.length > good.length + 500);
    assert.ok((await write([mixed], options)).equals(expected), FormatVersion);
    assert.ok(
      (
        await write(
          mixed.map((one) => [one]),
          options,
        )
      ).equals(expected),
      'one row a call',
    );
  }
});

test('a misfit is told with its place and its column', async () => {
  const writer = createOrcWriter(schema, {}, () => {});
  const rows = misfits.flatMap(([values], index) => [row(index), { ...row(index), ...values }]);
  const rejected = await writer.write([...rows, null as never, 'row' as never]);
  assert.deepEqual(
    rejected.map(({ index }) => index),
    [...misfits.map((_, index) => index * 2 + 1), rows.length, rows.length + 1],
  );
  for (const [index, [, message]] of misfits.entries()) {
    assert.ok(rejected[index]!.error instanceof OrcValueError);
    assert.match(rejected[index]!.error.message, message);
  }
  assert.equal((await writer.finish()).rows, misfits.length);
});

test('rows as arrays, by name and in Glue columns make the same file', async () => {
  const rows = Array.from({ length: 100 }, (_, index) => row(index));
  const columns = Object.keys(rows[0]!);
  const asArrays = rows.map((one) => columns.map((column) => one[column]));
  const expected = await write([rows]);
  assert.ok((await write([asArrays])).equals(expected));
  assert.ok((await write([asArrays.slice(0, 7), rows.slice(7)])).equals(expected));
});

test('names that every object inherits are null where a row does not have them', async () => {
  const chunks: Uint8Array[] = [];
  const writer = createOrcWriter(
    'struct<constructor:string,toString:string>',
    { Compression: 'NONE' },
    (bytes) => void chunks.push(bytes),
  );
  assert.deepEqual(await writer.write([{}, { constructor: 'own' }, JSON.parse('{"toString":"own"}')]), []);
  await writer.finish();
});

test('a file without rows is a file', async () => {
  const bytes = await write([]);
  assert.equal(bytes.subarray(0, 3).toString(), 'ORC');
  assert.equal(bytes.subarray(-4, -1).toString(), 'ORC');
});

test('memory is bounded by the stripe, whatever the rows', async () => {
  const StripeSizeBytes = 8 << 20;
  let written = 0;
  const writer = createOrcWriter('struct<id:int,a:string,b:binary,c:array<double>>', { StripeSizeBytes }, (bytes) => {
    written += bytes.length;
  });
  let most = 0;
  for (let index = 0; index < 40; index += 1) {
    const rows = Array.from({ length: 100 }, (_, at) => ({
      id: index * 100 + at,
      a: randomBytes(4000).toString('latin1'),
      b: randomBytes(4000),
      c: Array.from({ length: 300 }, () => Math.random()),
    }));
    await writer.write(rows);
    most = Math.max(most, writer.heldBytes);
  }
  const { byteLength, stripes } = await writer.finish();
  assert.equal(byteLength, written);
  assert.ok(most < StripeSizeBytes * 1.1, `${most} bytes held`);
  assert.ok(stripes >= 4 && stripes <= 12, `${stripes} stripes`);
});

test('a failing sink ends the file; a call during another is refused', async () => {
  const failing = createOrcWriter('struct<a:int>', {}, () => Promise.reject(new Error('disk full')));
  await failing.write([{ a: 1 }]);
  await assert.rejects(failing.finish(), /disk full/);
  await assert.rejects(failing.write([{ a: 1 }]), /the ORC writer is failed/);
  const writer = createOrcWriter('struct<a:int>', {}, () => {});
  const first = writer.write([{ a: 1 }]);
  await assert.rejects(writer.write([{ a: 2 }]), /the ORC writer is busy/);
  await first;
  assert.equal((await writer.finish()).rows, 1);
  await assert.rejects(writer.finish(), /the ORC writer is finished/);
});
