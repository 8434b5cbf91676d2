import { OrcSchemaError, parseSchema } from '@millrace/orc';
import type { StructType } from '@millrace/orc';
import { ConversionSettingsError, RecordError } from './errors.ts';
import type { RecordErrorCode } from './errors.ts';
import { OrcFile } from './orc-file.ts';
import type { Target } from './readers/reader.ts';
import type { FileSink, FileSummary, RowFile } from './row-file.ts';
import { glueReader } from './row-reader.ts';
import type { Row, RowReader } from './row-reader.ts';
import { checkSettings } from './settings.ts';
import type { ConversionSettings, GlueColumn, ParquetSerDe } from './settings.ts';

/** A record that is not in the file, for the error prefix. */
export interface FailedRecord {
  /** Its place in the records of this call. */
  readonly index: number;
  /** Firehose's `lastErrorCode`. */
  readonly errorCode: RecordErrorCode;
  /** Firehose's `lastErrorMessage`. */
  readonly errorMessage: string;
}

/** One file that is being made of records. One call at a time. */
export interface Conversion {
  /**
   * Adds records in their order, each with one JSON object or several one after the other. A record's rows are in the file all
   * or none; the records that are not are answered. Rejects when the file cannot be written, and then it is lost.
   */
  add: (records: readonly Buffer[]) => Promise<readonly FailedRecord[]>;
  /** Ends the file: when it resolves, the sink has had all of its bytes. */
  finish: () => Promise<FileSummary>;
  /** Gives back what the conversion holds, finished or not; may be called at any time, and more than once. */
  close: () => Promise<void>;
}

/**
 * Rows handed to a file at once, and the bytes of their records: rows take many times the memory of their JSON, and a call may
 * bring all that a delivery stream has buffered.
 */
const rowsAtOnce = 2048;
const bytesAtOnce = 2 << 20;

export const parquetTarget: Target = { hasUnscaledDecimals: true, hasInstant: () => true, cutsTexts: true };
const orcTarget: Target = {
  hasUnscaledDecimals: false,
  hasInstant: (seconds, nanos) => seconds !== -1 || nanos < 1_000_000,
  cutsTexts: false,
};

/** Begins a conversion on the calling thread. Throws ConversionSettingsError. */
export async function beginConversion(
  settings: ConversionSettings,
  sink: FileSink,
  createParquet: (type: StructType, options: ParquetSerDe) => Promise<RowFile>,
): Promise<Conversion> {
  checkSettings(settings);
  const { columns, deserializer, serializer } = settings;
  const type = readSchema(columns);
  const { ParquetSerDe: parquet, OrcSerDe: orc } = serializer;
  const file = parquet === undefined ? new OrcFile(columns, orc ?? {}, sink) : await createParquet(type, parquet);
  const reader = glueReader(type, deserializer, parquet === undefined ? orcTarget : parquetTarget);
  return new FileConversion(reader, file, sink);
}

function readSchema(columns: readonly GlueColumn[]): StructType {
  try {
    const type = parseSchema(columns);
    if (type.fields.length === 0) throw new ConversionSettingsError('a table has at least one column');
    return type;
  } catch (error) {
    if (error instanceof OrcSchemaError) throw new ConversionSettingsError(error.message);
    throw error;
  }
}

class FileConversion implements Conversion {
  readonly #reader: RowReader;
  readonly #file: RowFile;
  readonly #sink: FileSink;
  #isFinished = false;
  #isClosed = false;

  constructor(reader: RowReader, file: RowFile, sink: FileSink) {
    this.#reader = reader;
    this.#file = file;
    this.#sink = sink;
  }

  async add(records: readonly Buffer[]): Promise<readonly FailedRecord[]> {
    this.#checkOpen();
    const failed: FailedRecord[] = [];
    let [rows, bytes]: [Row[], number] = [[], 0];
    for (const [index, record] of records.entries()) {
      try {
        for (const row of this.#reader.read(record)) rows.push(row);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        failed.push({ index, errorCode: error.code, errorMessage: error.message });
        continue;
      }
      bytes += record.length;
      if (rows.length >= rowsAtOnce || bytes >= bytesAtOnce) {
        await this.#file.add(rows, bytes);
        [rows, bytes] = [[], 0];
      }
    }
    if (rows.length > 0) await this.#file.add(rows, bytes);
    return failed;
  }

  async finish(): Promise<FileSummary> {
    this.#checkOpen();
    this.#isFinished = true;
    const { rows, byteLength } = await this.#file.finish(this.#sink);
    return { rows, byteLength };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#file.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('the conversion was closed');
    if (this.#isFinished) throw new Error('the conversion is finished: no further call is taken');
  }
}
