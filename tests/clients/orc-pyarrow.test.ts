/** What the ORC writer writes, read back by pyarrow, value by value. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { OrcOptions } from '@millrace/orc';
import { pythonEnvironment } from './environments.ts';
import { TableMaker } from './orc/random-tables.ts';
import { OrcReader } from './orc/reader.ts';
import { writeOrcFile } from './orc/write-file.ts';

let reader: OrcReader;
let folder = '';
before(async () => {
  reader = new OrcReader(join(await pythonEnvironment(), 'python'), [
    join(import.meta.dirname, 'python/orc_reader.py'),
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

test('random schemas and rows', { timeout: 600_000 }, async () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 31 });
  await fc.assert(
    fc.asyncProperty(seeds, fc.constantFrom(3, 300, 3000), options, async (seed, mostRows, option) => {
      const table = new TableMaker(seed).table(mostRows);
      const path = join(folder, 'random.orc');
      await writeOrcFile(path, table, option);
      const rows = (await reader.ask('rows', path)) as string[][];
      const chars = [...table.schema.matchAll(/char\(/g)].length > 0;
      assert.deepEqual(chars ? trimmed(rows) : rows, chars ? trimmed(table.printed) : table.printed, table.schema);
    }),
    { numRuns: runs },
  );
});

/** pyarrow shows the spaces that fill a char. */
function trimmed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(trimmed);
  return typeof value === 'string' ? value.replace(/ +$/, '') : value;
}
