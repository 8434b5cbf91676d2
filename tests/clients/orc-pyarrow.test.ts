/** What the ORC writer writes, read back by pyarrow, value by value. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { OrcOptions } from '@millrace/orc';
import { ByteBuilder } from '../../packages/orc/src/byte-builder.ts';
import { encodeIntegersV2, opcode } from '../../packages/orc/src/encodings/rle-v2.ts';
import { pythonEnvironment } from './environments.ts';
import { TableMaker } from './orc/random-tables.ts';
import { OrcReader } from './orc/reader.ts';
import { writeOrcFile } from './orc/write-file.ts';

let reader: OrcReader;
let folder = '';
before(async () => {
  reader = new OrcReader(join(await pythonEnvironment(), 'python'), [
    join(import.meta.dirname, 'python/columnar_reader.py'),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'millrace-orc-'));
});
after(async () => {
  await reader.stop();
  await rm(folder, { recursive: true, force: true });
});

const options = fc.record<OrcOptions>({
  Compression: fc.constantFrom('NONE', 'ZLIB', 'SNAPPY'),
  FormatVersion: fc.constantFrom('V0_11', 'V0_12'),
  RowIndexStride: fc.constantFrom(1000, 1001, 10_000),
  DictionaryKeyThreshold: fc.constantFrom(0, 0.1, 0.8, 1),
});

const runs = Number(process.env['MILLRACE_ORC_RUNS'] ?? 60);

test('random schemas and rows, in one stripe and in many', { timeout: 600_000 }, async () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 31 });
  const stripes = fc.constantFrom(undefined, 2000, 20_000, 200_000);
  let most = 0;
  await fc.assert(
    fc.asyncProperty(seeds, fc.constantFrom(3, 300, 3000), options, stripes, async (seed, mostRows, option, bytes) => {
      const table = new TableMaker(seed).table(mostRows);
      const path = join(folder, 'random.orc');
      const summary = await writeOrcFile(path, table, option, bytes);
      most = Math.max(most, summary.stripes);
      const rows = await reader.ask('rows', path);
      const hasChars = /char\(/.test(table.schema);
      assert.deepEqual(
        hasChars ? trimmed(rows) : rows,
        hasChars ? trimmed(table.printed) : table.printed,
        table.schema,
      );
      const { rows: count, stripes: number, bytes: length } = (await reader.ask('describe', path)) as Described;
      assert.deepEqual([count, number, length], [summary.rows, summary.stripes, summary.byteLength]);
    }),
    { numRuns: runs, examples: [[4, 3000, {}, 2000]] },
  );
  // The example alone has 34.
  assert.ok(most > 3, `at most ${most} stripes`);
});

interface Described {
  readonly rows: number;
  readonly stripes: number;
  readonly bytes: number;
}

test('values that need patches, however far apart', { timeout: 60_000 }, async () => {
  const path = join(folder, 'patches.orc');
  for (const first of [0, 1, 100]) {
    for (const gap of [1, 254, 255, 256, 257, 400, 509, 510, 511].filter((distance) => first + distance < 512)) {
      const values = Array.from({ length: 512 }, (_, at) =>
        at === first || at === first + gap ? 5_000_000_000 + at : (at * 31) % 100,
      );
      assert.equal(firstByte(values) & opcode.patchedBase, opcode.patchedBase);
      assert.notEqual(firstByte(values) & opcode.delta, opcode.delta);
      await writeOrcFile(path, { schema: 'struct<a:bigint>', rows: values.map((value) => [value]) });
      assert.deepEqual(
        await reader.ask('rows', path),
        values.map((value) => [`${value}`]),
        `${first}, ${gap}`,
      );
    }
  }
});

/** Of the run that the values are encoded in. */
function firstByte(values: readonly number[]): number {
  const out = new ByteBuilder();
  encodeIntegersV2(Float64Array.from(values), values.length, true, out);
  return out.view()[0]!;
}

/** pyarrow shows the spaces that fill a char. */
function trimmed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(trimmed);
  return typeof value === 'string' ? value.replace(/ +$/, '') : value;
}
