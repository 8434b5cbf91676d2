import { createOrcWriter, OrcOptionError } from '@millrace/orc';
import type { OrcOptions, OrcWriter } from '@millrace/orc';
import { ConversionSettingsError } from './errors.ts';
import type { FileSink, FileSummary, RowFile } from './row-file.ts';
import type { Row } from './row-reader.ts';
import type { GlueColumn } from './settings.ts';

/** Stripes go to the sink as they fill up. */
export class OrcFile implements RowFile {
  readonly #writer: OrcWriter;

  /** Throws ConversionSettingsError. */
  constructor(columns: readonly GlueColumn[], options: OrcOptions, sink: FileSink) {
    try {
      this.#writer = createOrcWriter(columns, options, sink);
    } catch (error) {
      if (error instanceof OrcOptionError) throw new ConversionSettingsError(`OrcSerDe: ${error.message}`);
      throw error;
    }
  }

  async add(rows: readonly Row[]): Promise<void> {
    // The readers let nothing through that the writer refuses: a record's rows are in the file all or none.
    const [rejected] = await this.#writer.write(rows);
    if (rejected !== undefined) throw rejected.error;
  }

  async finish(): Promise<FileSummary> {
    return await this.#writer.finish();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
