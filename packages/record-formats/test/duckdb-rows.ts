/** Parquet files as DuckDB reads them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import duckdb from '@duckdb/node-bindings';

/** The files' rows, each a JSON object; of one file in its order. */
export function duckDbRows(files: readonly Buffer[]): Promise<Record<string, unknown>[]> {
  return duckDbQuery(files, 'SELECT * FROM read_parquet(FILES)');
}

/** What a query answers, in which FILES stands for the files. */
export async function duckDbQuery(files: readonly Buffer[], query: string): Promise<Record<string, unknown>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-duckdb-'));
  try {
    const paths = files.map((_, index) => join(folder, `${index}.parquet`));
    for (const [index, path] of paths.entries()) await writeFile(path, files[index]!);
    const result = join(folder, 'rows.json');
    const database = await duckdb.open(':memory:');
    const connection = await duckdb.connect(database);
    const list = `[${paths.map((path) => `'${path}'`).join(', ')}]`;
    await duckdb.query(connection, `SET TimeZone = 'UTC'`);
    await duckdb.query(connection, `COPY (${query.replace('FILES', list)}) TO '${result}' (FORMAT json)`);
    duckdb.disconnect_sync(connection);
    duckdb.close_sync(database);
    const lines = (await readFile(result, 'utf8')).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
