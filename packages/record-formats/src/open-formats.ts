import { mkdtemp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataFileFormats, DataFiles, TableLayout } from '@millrace/iceberg';
import { beginConversion } from './conversion.ts';
import type { Conversion } from './conversion.ts';
import { ParquetEngine } from './parquet/parquet-engine.ts';
import { glueColumns } from './parquet/types.ts';
import type { FileSink } from './row-file.ts';
import type { ConversionSettings } from './settings.ts';
import { beginTableFiles } from './table/table-files.ts';
import { WorkerFormats } from './worker-formats.ts';

export interface FormatsOptions {
  /** Where Parquet files are made and what memory does not hold is spilled to, in a folder of their own. */
  readonly scratchFolder: string;
  /** What DuckDB may hold for all Parquet files that are being made; 512 MiB unless told. */
  readonly memoryLimitBytes?: number | undefined;
  /** What JavaScript's heap of the worker may hold, its buffers not counted; 1,024 MiB unless told. */
  readonly heapLimitMib?: number | undefined;
}

/** Makes conversions, and the data files of Iceberg tables: `createDataFiles` rejects with ConversionSettingsError too. */
export interface RecordFormats extends DataFileFormats {
  /**
   * Begins a file. The sink gets its bytes: of ORC stripe by stripe, of Parquet when all records are there. Rejects with
   * ConversionSettingsError for settings that no file can be made with, Parquet where DuckDB has no build among them.
   */
  createConversion: (settings: ConversionSettings, sink: FileSink) => Promise<Conversion>;
  /** Ends what is being made, and gives back the worker and the scratch folder. */
  close: () => Promise<void>;
}

const defaultMemoryBytes = 512 << 20;
const defaultHeapMib = 1024;

/** Formats in a worker thread of their own, which starts with the first conversion and serves all of them. */
export function openFormats({ scratchFolder, memoryLimitBytes, heapLimitMib }: FormatsOptions): RecordFormats {
  return new WorkerFormats({
    scratchFolder,
    memoryLimitBytes: memoryLimitBytes ?? defaultMemoryBytes,
    heapLimitMib: heapLimitMib ?? defaultHeapMib,
  });
}

/** The same on the calling thread: what the worker runs, and a test that counts every step. Its conversions are to be closed first. */
export function openFormatsInThread(options: Omit<FormatsOptions, 'heapLimitMib'>): RecordFormats {
  return new ThreadFormats(options);
}

class ThreadFormats implements RecordFormats {
  readonly #options: Omit<FormatsOptions, 'heapLimitMib'>;
  #engine: Promise<ParquetEngine> | undefined;

  constructor(options: Omit<FormatsOptions, 'heapLimitMib'>) {
    this.#options = options;
  }

  async createConversion(settings: ConversionSettings, sink: FileSink): Promise<Conversion> {
    return await beginConversion(settings, sink, async (type, options) => {
      const columns = glueColumns(type);
      return await (await this.#openEngine()).createFile(columns, options);
    });
  }

  async createDataFiles(layout: TableLayout, sink: FileSink): Promise<DataFiles> {
    return await beginTableFiles(layout, sink, await this.#openEngine());
  }

  async close(): Promise<void> {
    await (await this.#engine?.catch(() => undefined))?.close();
  }

  async #openEngine(): Promise<ParquetEngine> {
    this.#engine ??= this.#open();
    try {
      return await this.#engine;
    } catch (error) {
      // What stands in the way of a folder may go away.
      this.#engine = undefined;
      throw error;
    }
  }

  async #open(): Promise<ParquetEngine> {
    const { scratchFolder, memoryLimitBytes = defaultMemoryBytes } = this.#options;
    await mkdir(scratchFolder, { recursive: true });
    return new ParquetEngine({ scratchFolder: await mkdtemp(join(scratchFolder, 'formats-')), memoryLimitBytes });
  }
}
