import { IcebergError, MetricsCollector, Partitioner } from '@millrace/iceberg';
import type { AddedRecords, DataFile, DataFiles, FailedRecord, TableLayout } from '@millrace/iceberg';
import { ConversionSettingsError, malformedJson, RecordError } from '../errors.ts';
import type { ParquetEngine } from '../parquet/parquet-engine.ts';
import type { ParquetFile } from '../parquet/parquet-file.ts';
import { quoted } from '../parquet/types.ts';
import type { FileSink } from '../row-file.ts';
import type { Row, RowReader } from '../row-reader.ts';
import { tableColumns } from './columns.ts';
import type { TableColumns } from './columns.ts';
import { tableReader } from './table-reader.ts';

/** Rows handed to DuckDB at once. */
const rowsAtOnce = 2048;

interface OpenPartition {
  readonly number: number;
  readonly values: readonly unknown[];
  readonly metrics: MetricsCollector;
  rows: number;
}

/**
 * Begins the data files of an Iceberg table: rows of all partitions are in one table of DuckDB, each with its partition's number,
 * and a file is made of those of one number. Throws ConversionSettingsError.
 */
export async function beginTableFiles(layout: TableLayout, sink: FileSink, engine: ParquetEngine): Promise<DataFiles> {
  const columns = tableColumns(layout.schema);
  const partitioner = bindPartitions(layout);
  const file = await engine.createFile(columns, {});
  return new TableFiles({ layout, columns, partitioner, file, sink });
}

function bindPartitions({ schema, spec }: TableLayout): Partitioner {
  try {
    return new Partitioner(schema, spec);
  } catch (error) {
    if (error instanceof IcebergError) throw new ConversionSettingsError(error.message);
    throw error;
  }
}

interface TableParts {
  readonly layout: TableLayout;
  readonly columns: TableColumns;
  readonly partitioner: Partitioner;
  readonly file: ParquetFile;
  readonly sink: FileSink;
}

class TableFiles implements DataFiles {
  readonly #parts: TableParts;
  readonly #reader: RowReader;
  readonly #partitions = new Map<string, OpenPartition>();
  #unfinished: OpenPartition[] | undefined;

  constructor(parts: TableParts) {
    this.#parts = parts;
    this.#reader = tableReader(parts.layout.schema);
  }

  async add(records: readonly Buffer[]): Promise<AddedRecords> {
    const [failed, later]: [FailedRecord[], number[]] = [[], []];
    let [rows, bytes]: [Row[], number] = [[], 0];
    for (const [index, record] of records.entries()) {
      let row: Row;
      try {
        row = this.#readRow(record);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        failed.push({ index, errorCode: error.code, errorMessage: error.message });
        continue;
      }
      const partition = this.#partitionOf(row);
      if (partition === undefined) {
        later.push(index);
        continue;
      }
      partition.rows += 1;
      partition.metrics.add(row);
      rows.push([...row, partition.number]);
      bytes += record.length;
      if (rows.length >= rowsAtOnce) {
        await this.#parts.file.add(rows, bytes);
        [rows, bytes] = [[], 0];
      }
    }
    if (rows.length > 0) await this.#parts.file.add(rows, bytes);
    return { failed, later };
  }

  async finishFile(): Promise<DataFile | undefined> {
    const { file, sink } = this.#parts;
    if (this.#unfinished === undefined) {
      file.endRows();
      this.#unfinished = [...this.#partitions.values()].reverse();
    }
    const partition = this.#unfinished.pop();
    if (partition === undefined) return undefined;
    const byteLength = await file.copy(this.#source(partition), sink);
    const { values, rows, metrics } = partition;
    return { partition: values, rows, byteLength, metrics: metrics.metrics() };
  }

  async close(): Promise<void> {
    await this.#parts.file.close();
  }

  /** AWS: more than one JSON object is an error. */
  #readRow(record: Buffer): Row {
    const [row, ...others] = this.#reader.read(record);
    if (row === undefined || others.length > 0) throw malformedJson('A record is one JSON object');
    return row;
  }

  #partitionOf(row: Row): OpenPartition | undefined {
    const { partitioner, layout } = this.#parts;
    const { key, values } = partitioner.partitionOf(row);
    const known = this.#partitions.get(key);
    if (known !== undefined || this.#partitions.size >= layout.mostPartitions) return known;
    const metrics = new MetricsCollector(layout.schema);
    const partition = { number: this.#partitions.size, values, metrics, rows: 0 };
    this.#partitions.set(key, partition);
    return partition;
  }

  #source({ number }: OpenPartition): string {
    const { columns, file } = this.#parts;
    const rows = `SELECT ${columns.select} FROM ${quoted(file.tableName)}`;
    return this.#partitions.size === 1 ? `(${rows})` : `(${rows} WHERE ${quoted(columns.partitionColumn)} = ${number})`;
  }
}
