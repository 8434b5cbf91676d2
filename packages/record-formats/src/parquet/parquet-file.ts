import { open, rm } from 'node:fs/promises';
import type { Row } from '../row-reader.ts';
import type { FileSink, FileSummary, RowFile } from '../row-file.ts';
import type { ParquetSerDe } from '../settings.ts';
import type { Appender, Connection, DataChunk, DuckDb } from './duckdb.ts';
import { quoted } from './types.ts';
import type { ParquetColumns } from './types.ts';
import { VectorWriter } from './vectors.ts';

export interface ParquetParts {
  readonly duckdb: DuckDb;
  readonly connection: Connection;
  /** Of the table. */
  readonly name: string;
  /** Of the file. */
  readonly path: string;
  readonly columns: ParquetColumns;
  readonly options: ParquetSerDe;
  readonly memoryLimitBytes: number;
  readonly engine: Engine;
}

/** What the files of one DuckDB share. */
export interface Engine {
  readonly flushBytes: number;
  makeFolders: () => Promise<void>;
  copyInTurn: (copy: () => Promise<unknown>) => Promise<void>;
  fileClosed: () => void;
}

const readBytes = 1 << 20;
const defaultBlockBytes = 256 << 20;
/** Row groups are counted in DuckDB's vectors. */
const vectorRows = 2048;

/** Rows go to a table of DuckDB, which spills to disk; when all are there COPY makes the file of it. */
export class ParquetFile implements RowFile {
  readonly #parts: ParquetParts;
  readonly #appender: Appender;
  readonly #chunk: DataChunk;
  readonly #writer: VectorWriter;
  #rows = 0;
  #bytes = 0;
  #bytesInAppender = 0;
  #isClosed = false;
  #copied: Promise<void> | undefined;

  static async create(parts: ParquetParts): Promise<ParquetFile> {
    const { duckdb, connection, name, columns } = parts;
    await duckdb.query(connection, `CREATE TEMP TABLE ${quoted(name)} (${columns.sql})`);
    return new ParquetFile(parts);
  }

  private constructor(parts: ParquetParts) {
    const { duckdb, connection, name, columns } = parts;
    this.#parts = parts;
    this.#appender = duckdb.appender_create_ext(connection, 'temp', 'main', name);
    const types = columns.types.map((_, index) => duckdb.appender_column_type(this.#appender, index));
    this.#chunk = duckdb.create_data_chunk(types);
    this.#writer = new VectorWriter(duckdb);
  }

  /** Of DuckDB's table, for `copy`. */
  get tableName(): string {
    return this.#parts.name;
  }

  async add(rows: readonly Row[], recordBytes: number): Promise<void> {
    this.#checkOpen();
    const { duckdb, columns, engine } = this.#parts;
    for (let from = 0; from < rows.length; from += vectorRows) {
      const batch = rows.slice(from, from + vectorRows);
      for (const [index, type] of columns.types.entries()) {
        const vector = duckdb.data_chunk_get_vector(this.#chunk, index);
        const values = batch.map((row) => row[index]);
        this.#writer.write(vector, type, values);
      }
      duckdb.data_chunk_set_size(this.#chunk, batch.length);
      duckdb.append_data_chunk(this.#appender, this.#chunk);
      duckdb.data_chunk_reset(this.#chunk);
    }
    this.#rows += rows.length;
    this.#bytes += recordBytes;
    this.#bytesInAppender += recordBytes;
    if (this.#bytesInAppender >= engine.flushBytes) {
      duckdb.appender_flush_sync(this.#appender);
      this.#bytesInAppender = 0;
    }
  }

  async finish(sink: FileSink): Promise<FileSummary> {
    this.endRows();
    const { duckdb, connection, name } = this.#parts;
    const byteLength = await this.copy(quoted(name), sink, () =>
      duckdb.query(connection, `DROP TABLE ${quoted(name)}`),
    );
    return { rows: this.#rows, byteLength };
  }

  /** All rows are there: from now on they can be copied. */
  endRows(): void {
    this.#checkOpen();
    this.#parts.duckdb.appender_close_sync(this.#appender);
  }

  /** Makes a file of what a query, or the table, has; answers its bytes. */
  async copy(source: string, sink: FileSink, after?: () => Promise<unknown>): Promise<number> {
    this.#checkOpen();
    const { duckdb, connection, path, engine } = this.#parts;
    const target = `'${path.replaceAll("'", "''")}'`;
    const copy = `COPY ${source} TO ${target} (${this.#copyOptions()})`;
    this.#copied = engine.copyInTurn(async () => {
      this.#checkOpen();
      await engine.makeFolders();
      await duckdb.query(connection, copy);
      if (!this.#isClosed) await after?.();
    });
    await this.#copied;
    return await sendFile(path, sink);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { duckdb, connection, engine, path } = this.#parts;
    // A connection must not go while a statement runs on it.
    await this.#copied?.catch(() => undefined);
    // The table is the connection's own and goes with it.
    duckdb.disconnect_sync(connection);
    engine.fileClosed();
    await rm(path, { force: true });
  }

  /** What is closed has no memory to write to any more. */
  #checkOpen(): void {
    if (this.#isClosed) throw new Error('the conversion was closed');
  }

  #copyOptions(): string {
    const { options, memoryLimitBytes, columns } = this.#parts;
    const { Compression: compression = 'SNAPPY' } = options;
    // DuckDB counts the differences of ints in 64 bits and writes those beyond 32 as they are, which other readers refuse.
    const version = options.WriterVersion === 'V2' && !this.#writer.hasWideInts ? 'V2' : 'V1';
    // A row group is held whole until it is written; the table it comes from is beside it.
    const groupBytes = Math.min(options.BlockSizeBytes ?? defaultBlockBytes, memoryLimitBytes / 4);
    const rowBytes = Math.max(1, this.#bytes / Math.max(1, this.#rows));
    const groupRows = Math.max(1, Math.floor(groupBytes / rowBytes / vectorRows)) * vectorRows;
    return [
      'FORMAT PARQUET',
      `COMPRESSION ${compression}`,
      `PARQUET_VERSION ${version}`,
      `ROW_GROUP_SIZE ${groupRows}`,
      ...(options.EnableDictionaryCompression === false ? ['DICTIONARY_SIZE_LIMIT 0'] : []),
      ...columns.copyOptions,
    ].join(', ');
  }
}

async function sendFile(path: string, sink: FileSink): Promise<number> {
  const file = await open(path);
  try {
    let sent = 0;
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(readBytes), 0, readBytes, sent);
      if (bytesRead === 0) return sent;
      await sink(buffer.subarray(0, bytesRead));
      sent += bytesRead;
    }
  } finally {
    await file.close();
  }
}
