import type * as bindings from '@duckdb/node-bindings';
import { ConversionSettingsError } from '../errors.ts';

/** DuckDB's C interface as npm has it. */
export type DuckDb = typeof bindings;
export type { Appender, Connection, Database, DataChunk, Vector } from '@duckdb/node-bindings';

/**
 * Loads DuckDB, which npm leaves out where it has no build for the platform. Throws ConversionSettingsError there; everything
 * else goes on without it.
 */
export async function loadDuckDb(load = (): Promise<unknown> => import('@duckdb/node-bindings')): Promise<DuckDb> {
  try {
    const { default: duckdb } = (await load()) as { default: DuckDb };
    return duckdb;
  } catch (error) {
    const platform = `${process.platform}-${process.arch}`;
    throw new ConversionSettingsError(
      `Parquet is written by DuckDB, and the package @duckdb/node-bindings-${platform} is not installed or does not load here: ` +
        `ORC is written on every platform. ${(error as Error).message.split('\n')[0]}`,
      { cause: error },
    );
  }
}
