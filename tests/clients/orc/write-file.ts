import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { OrcColumn, OrcOptions, OrcRow, OrcSummary } from '@millrace/orc';
import { readOptions } from '../../../packages/orc/src/options.ts';
import { OrcWriter } from '../../../packages/orc/src/writer.ts';

export interface Table {
  readonly schema: string | readonly OrcColumn[];
  readonly rows: readonly OrcRow[];
}

const rowsPerWrite = 777;

/**
 * Writes a table to a file, some rows a call; throws when a row is refused. `stripeBytes` may be smaller than Firehose lets
 * users have it, so that small tables have many stripes.
 */
export async function writeOrcFile(
  path: string,
  { schema, rows }: Table,
  options: OrcOptions = {},
  stripeBytes?: number,
): Promise<OrcSummary> {
  const file = createWriteStream(path);
  const settings = readOptions(options);
  const writer = new OrcWriter(
    schema,
    { ...settings, StripeSizeBytes: stripeBytes ?? settings.StripeSizeBytes },
    async (bytes) => {
      if (!file.write(bytes)) await once(file, 'drain');
    },
  );
  for (let from = 0; from < rows.length; from += rowsPerWrite) {
    const [rejected] = await writer.write(rows.slice(from, from + rowsPerWrite));
    if (rejected !== undefined) throw rejected.error;
  }
  const summary = await writer.finish();
  file.end();
  await once(file, 'close');
  return summary;
}
