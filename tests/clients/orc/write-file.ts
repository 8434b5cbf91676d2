import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createOrcWriter } from '@millrace/orc';
import type { OrcColumn, OrcOptions, OrcRow, OrcSummary } from '@millrace/orc';

export interface Table {
  readonly schema: string | readonly OrcColumn[];
  readonly rows: readonly OrcRow[];
}

/** Writes a table to a file, some rows a call; throws when a row is refused. */
export async function writeOrcFile(
  path: string,
  { schema, rows }: Table,
  options: OrcOptions = {},
  rowsPerWrite = 777,
): Promise<OrcSummary> {
  const file = createWriteStream(path);
  const writer = createOrcWriter(schema, options, async (bytes) => {
    if (!file.write(bytes)) await once(file, 'drain');
  });
  for (let from = 0; from < rows.length; from += rowsPerWrite) {
    const [rejected] = await writer.write(rows.slice(from, from + rowsPerWrite));
    if (rejected !== undefined) throw rejected.error;
  }
  const summary = await writer.finish();
  file.end();
  await once(file, 'close');
  return summary;
}
