/** Texts of a Parquet file, whose memory is laid out by VectorWriter, read back by DuckDB: byte for byte, whatever stands beside them. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import duckdb from '@duckdb/node-bindings';
import { openFormatsInThread } from '@millrace/record-formats';

const shortest = 12;

/** A query's one column of texts. */
async function textsOf(query: string): Promise<string[]> {
  const database = await duckdb.open(':memory:');
  const connection = await duckdb.connect(database);
  const result = await duckdb.query(connection, query);
  const texts: string[] = [];
  for (;;) {
    const chunk = await duckdb.fetch_chunk(result);
    const size = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
    if (chunk === null || size === 0) break;
    const data = duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk, 0), size * 16);
    for (let at = 0; at < size * 16; at += 16) {
      const length = Buffer.from(data.subarray(at, at + 4)).readUInt32LE();
      const bytes =
        length <= shortest
          ? data.subarray(at + 4, at + 4 + length)
          : duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + at + 8, length);
      texts.push(Buffer.from(bytes).toString());
    }
  }
  duckdb.disconnect_sync(connection);
  duckdb.close_sync(database);
  return texts;
}

/** As UTF-8 has it: half a pair of surrogates is no character. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return (value as string & { toWellFormed(): string }).toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [wellFormed(key), wellFormed(inner)]));
}

for (const [name, alphabet] of [
  ['ASCII', ['a', 'bc', '\0', ' ', 'x'.repeat(20)]],
  ['any', ['a', 'é', '日', '😀', '\uD83D', '\uDE00', '\0', 'x'.repeat(20)]],
] as const)
  test(`texts: ${name}`, { timeout: 60_000 }, async () => {
    let seed = 7;
    const below = (most: number): number => (seed = Math.imul(seed, 48_271) >>> 0) % most;
    const text = (): string => Array.from({ length: below(16) }, () => alphabet[below(alphabet.length)]).join('');
    const rows = Array.from({ length: 6000 }, (_, i) => ({
      i,
      a: below(9) === 0 ? null : text(),
      l: Array.from({ length: below(6) }, () => (below(5) === 0 ? null : text())),
      m: Object.fromEntries(Array.from({ length: below(3) }, (__, key) => [`${text()}${key}`, text()])),
    }));
    const folder = await mkdtemp(join(tmpdir(), 'millrace-texts-'));
    const formats = openFormatsInThread({ scratchFolder: join(folder, 'scratch') });
    const pieces: Uint8Array[] = [];
    const columns = Object.entries({ i: 'int', a: 'string', l: 'array<string>', m: 'map<string,string>' });
    const conversion = await formats.createConversion(
      {
        columns: columns.map(([column, type]) => ({ name: column, type })),
        deserializer: { OpenXJsonSerDe: { CaseInsensitive: false } },
        serializer: { ParquetSerDe: {} },
      },
      (bytes) => void pieces.push(bytes),
    );
    for (let from = 0; from < rows.length; from += 700) {
      const records = rows.slice(from, from + 700).map((row) => Buffer.from(JSON.stringify(row)));
      assert.deepEqual(await conversion.add(records), []);
    }
    await conversion.finish();
    await conversion.close();
    await formats.close();
    const file = join(folder, 'texts.parquet');
    await writeFile(file, Buffer.concat(pieces));
    const read = await textsOf(`SELECT to_json(t) FROM read_parquet('${file}') t ORDER BY i`);
    assert.equal(read.length, rows.length);
    for (const [index, json] of read.entries()) assert.deepEqual(JSON.parse(json), wellFormed(rows[index]));
    await rm(folder, { recursive: true });
  });
