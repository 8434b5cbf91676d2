/**
 * `npm run bench -- --only formats`, or this file alone: records of JSON through packages/record-formats to Parquet and ORC, in
 * its worker, by the CPU time of the whole process: parsing, both threads, DuckDB and garbage collection.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFormats } from '@millrace/record-formats';
import type { RecordFormats, Serializer } from '@millrace/record-formats';
import { columns, cpuMs, order } from './orc.ts';

const recordCount = 300_000;
/** Some 300 KB, as a delivery stream hands them over. */
const recordsPerCall = 1000;

const cases: Readonly<Record<string, Serializer>> = {
  'Parquet, Snappy': { ParquetSerDe: {} },
  'Parquet, none': { ParquetSerDe: { Compression: 'UNCOMPRESSED' } },
  'Parquet, GZIP': { ParquetSerDe: { Compression: 'GZIP' } },
  'Parquet, Snappy, V2': { ParquetSerDe: { WriterVersion: 'V2' } },
  'ORC, Snappy': { OrcSerDe: {} },
  'ORC, ZLIB': { OrcSerDe: { Compression: 'ZLIB' } },
};

interface Measured {
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly fileBytes: number;
}

async function measure(formats: RecordFormats, records: readonly Buffer[], serializer: Serializer): Promise<Measured> {
  const [cpuBefore, before] = [cpuMs(), performance.now()];
  const settings = { columns, deserializer: { OpenXJsonSerDe: {} }, serializer };
  const conversion = await formats.createConversion(settings, () => {});
  for (let from = 0; from < records.length; from += recordsPerCall) {
    const [failed] = await conversion.add(records.slice(from, from + recordsPerCall));
    if (failed !== undefined) throw new Error(failed.errorMessage);
  }
  const { byteLength } = await conversion.finish();
  await conversion.close();
  return {
    cpuSeconds: (cpuMs() - cpuBefore) / 1000,
    seconds: (performance.now() - before) / 1000,
    fileBytes: byteLength,
  };
}

/** A line a case: the best of three, after one to warm up. */
export async function measureFormats(): Promise<string[]> {
  const records = Array.from({ length: recordCount }, (_, index) => Buffer.from(`${order(index)}\n`));
  const jsonBytes = records.reduce((sum, { length }) => sum + length, 0);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-formats-'));
  const formats = openFormats({ scratchFolder: folder });
  const lines = [`${recordCount} records, ${(jsonBytes / 1e6).toFixed(0)} MB of JSON`];
  try {
    for (const [name, serializer] of Object.entries(cases)) {
      const runs: Measured[] = [];
      for (let run = 0; run < 4; run += 1) runs.push(await measure(formats, records, serializer));
      const [best] = runs.slice(1).toSorted((left, right) => left.cpuSeconds - right.cpuSeconds);
      const { cpuSeconds, seconds, fileBytes } = best!;
      lines.push(
        `${name.padEnd(20)} ${(jsonBytes / cpuSeconds / 1e6).toFixed(0).padStart(4)} MB/s a core, ` +
          `${(jsonBytes / seconds / 1e6).toFixed(0).padStart(4)} MB/s by the clock; ` +
          `the file is ${((fileBytes / jsonBytes) * 100).toFixed(0)} % of the JSON`,
      );
    }
  } finally {
    await formats.close();
    await rm(folder, { recursive: true, force: true });
  }
  return lines;
}

if (import.meta.main) for (const line of await measureFormats()) console.log(line);
