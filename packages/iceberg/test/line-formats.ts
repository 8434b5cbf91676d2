/** Data files that are the records' own lines: what the commit protocol does with files, whatever is in them. */
import type { DataFileFormats } from '../src/index.ts';
import { MetricsCollector } from '../src/index.ts';

/** A record that is not a number is a failed one. */
export const lineFormats: DataFileFormats = {
  async createDataFiles(layout, sink) {
    await Promise.resolve();
    let lines: Buffer[] | undefined = [];
    const metrics = new MetricsCollector(layout.schema);
    return {
      async add(records) {
        await Promise.resolve();
        const failed = [];
        for (const [index, record] of records.entries())
          if (/^\d+$/.test(record.toString())) {
            lines!.push(record);
            metrics.add([Number(record.toString())]);
          } else failed.push({ index, errorCode: 'Test.NoNumber', errorMessage: record.toString() });
        return { failed, later: [] };
      },
      async finishFile() {
        if (lines === undefined || lines.length === 0) return undefined;
        const body = Buffer.from(lines.map((line) => `${line.toString()}\n`).join(''));
        await sink(body);
        const file = { partition: [], rows: lines.length, byteLength: body.length, metrics: metrics.metrics() };
        lines = undefined;
        return file;
      },
      async close() {
        await Promise.resolve();
      },
    };
  },
};
