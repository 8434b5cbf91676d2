import { open, rm } from 'node:fs/promises';
import type { StructType } from '@millrace/orc';
import type { Row } from '../row-reader.ts';
import type { FileSink, FileSummary, RowFile } from '../row-file.ts';
import type { ParquetSerDe } from '../settings.ts';
import type { Appender, Connection, DataChunk, DuckDb } from './duckdb.ts';
import { quoted, tableColumns } from './types.ts';
import { VectorWriter } from './vectors.ts';

export interface ParquetParts {
  readonly duckdb: DuckDb;
  readonly connection: Connection;
  /** Of the table. */
  readonly name: string;
  /** Of the file. */
  readonly path: string;
  readonly type: StructType;
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
    const { duckdb, connection, name, type } = parts;
    await duckdb.query(connection, `CREATE TEMP TABLE ${quoted(name)} (${tableColumns(type)})`);
    return new ParquetFile(parts);
  }

  private constructor(parts: ParquetParts) {
    const { duckdb, connection, name, type } = parts;
    this.#parts = parts;
    this.#appender = duckdb.appender_create_ext(connection, 'temp', 'main', name);
    const types = type.fields.map((_, index) => duckdb.appender_column_type(this.#appender, index));
    this.#chunk = duckdb.create_data_chunk(types);
    this.#writer = new VectorWriter(duckdb);
  }

  async add(rows: readonly Row[], recordBytes: number): Promise<void> {
    this.#checkOpen();
    const { duckdb, type, engine } = this.#parts;
    for (let from = 0; from < rows.length; from += vectorRows) {
      const batch = rows.slice(from, from + vectorRows);
      for (const [index, field] of type.fields.entries()) {
        const vector = duckdb.data_chunk_get_vector(this.#chunk, index);
        const values = batch.map((row) => row[index]);
        this.#writer.write(vector, field.type, values);
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
    this.#checkOpen();
    const { duckdb, connection, name, path, engine } = this.#parts;
    duckdb.appender_close_sync(this.#appender);
    const target = `'${path.replaceAll("'", "''")}'`;
    const copy = `COPY ${quoted(name)} TO ${target} (${this.#copyOptions()})`;
    this.#copied = engine.copyInTurn(async () => {
      this.#checkOpen();
      await engine.makeFolders();
      await duckdb.query(connection, copy);
      if (!this.#isClosed) await duckdb.query(connection, `DROP TABLE ${quoted(name)}`);
    });
    await this.#copied;
    const byteLength = await sendFile(path, sink);
    return { rows: this.#rows, byteLength };
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
    const { options, memoryLimitBytes } = this.#parts;
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
