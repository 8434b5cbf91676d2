import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ParquetSerDe } from '../settings.ts';
import { loadDuckDb } from './duckdb.ts';
import type { Database, DuckDb } from './duckdb.ts';
import { ParquetFile } from './parquet-file.ts';
import type { ParquetColumns } from './types.ts';

/** Where DuckDB may write, and how much it may hold for all files together. */
export interface EngineOptions {
  /** A folder of this engine alone; it is made, and removed when the engine closes. */
  readonly scratchFolder: string;
  /** What tables and row groups take, all files together; what is more goes to the scratch folder until it is written. */
  readonly memoryLimitBytes: number;
}

interface Opened {
  readonly duckdb: DuckDb;
  readonly database: Database;
}

/** Rows that DuckDB's appenders hold outside of its memory limit, by the bytes of their records, all files together. */
const appenderBytes = 64 << 20;
const mostAppenderBytes = 16 << 20;

function spillFolder({ scratchFolder }: EngineOptions): string {
  return join(scratchFolder, 'spilled');
}

/** One DuckDB in memory for all Parquet files that are being made; loaded with the first. */
export class ParquetEngine {
  readonly #options: EngineOptions;
  #opened: Promise<Opened> | undefined;
  #files = 0;
  #openFiles = 0;
  #lastCopy: Promise<unknown> = Promise.resolve();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Begins a file. Throws ConversionSettingsError where there is no DuckDB. */
  async createFile(columns: ParquetColumns, options: ParquetSerDe): Promise<ParquetFile> {
    this.#opened ??= this.#open();
    let opened: Opened;
    try {
      opened = await this.#opened;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
    const { duckdb, database } = opened;
    await this.makeFolders();
    const connection = await duckdb.connect(database);
    this.#files += 1;
    const name = `file_${this.#files}`;
    const { scratchFolder, memoryLimitBytes } = this.#options;
    const path = join(scratchFolder, `${name}.parquet`);
    const parts = { duckdb, connection, name, path, columns, options, memoryLimitBytes, engine: this };
    try {
      const file = await ParquetFile.create(parts);
      this.#openFiles += 1;
      return file;
    } catch (error) {
      duckdb.disconnect_sync(connection);
      throw error;
    }
  }

  /** They may have been removed by who keeps the machine tidy: that is not to stop the files that come after. */
  async makeFolders(): Promise<void> {
    await mkdir(spillFolder(this.#options), { recursive: true });
  }

  /** What a file may leave in its appender. */
  get flushBytes(): number {
    return Math.min(mostAppenderBytes, Math.floor(appenderBytes / Math.max(1, this.#openFiles)));
  }

  /** Runs one COPY at a time, for each holds a row group in memory. */
  async copyInTurn(copy: () => Promise<unknown>): Promise<void> {
    const before = this.#lastCopy;
    const mine = before.catch(() => undefined).then(copy);
    this.#lastCopy = mine;
    await mine;
  }

  fileClosed(): void {
    this.#openFiles -= 1;
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    if (opened === undefined) return;
    opened.duckdb.close_sync(opened.database);
    await rm(this.#options.scratchFolder, { recursive: true, force: true });
  }

  async #open(): Promise<Opened> {
    const { memoryLimitBytes } = this.#options;
    const duckdb = await loadDuckDb();
    const config = duckdb.create_config();
    duckdb.set_config(config, 'memory_limit', `${Math.floor(memoryLimitBytes / 1024)}KiB`);
    duckdb.set_config(config, 'temp_directory', spillFolder(this.#options));
    // One core for a worker; the rows keep their order.
    duckdb.set_config(config, 'threads', '1');
    duckdb.set_config(config, 'autoinstall_known_extensions', 'false');
    duckdb.set_config(config, 'autoload_known_extensions', 'false');
    const database = await duckdb.open(':memory:', config);
    return { duckdb, database };
  }
}
