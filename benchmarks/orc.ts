/**
 * `npm run bench -- --only orc`, or this file alone: JSON to ORC, for each compression, by the CPU time of the process (garbage
 * collection's threads among it), so that a busy machine does not count. The file's bytes are dropped.
 */
import { createOrcWriter } from '@millrace/orc';
import type { OrcOptions } from '@millrace/orc';

export const columns = [
  { name: 'order_id', type: 'bigint' },
  { name: 'placed', type: 'timestamp' },
  { name: 'customer', type: 'string' },
  { name: 'country', type: 'string' },
  { name: 'channel', type: 'string' },
  { name: 'total', type: 'decimal(12,2)' },
  { name: 'weight', type: 'double' },
  { name: 'express', type: 'boolean' },
  { name: 'items', type: 'array<struct<sku:string,quantity:int,price:double>>' },
  { name: 'note', type: 'string' },
  { name: 'session', type: 'string' },
];

const countries = ['DE', 'FR', 'US', 'JP', 'BR', 'IN', 'GB', 'NL', 'IT', 'ES'];
const channels = ['web', 'app', 'store', 'partner'];

/** One order as JSON; values repeat, rise and scatter as orders do. */
export function order(index: number): string {
  const scattered = Math.imul(index, 2_654_435_761) >>> 0;
  const items = Array.from({ length: 1 + (scattered % 3) }, (_, item) => ({
    sku: `SKU-${(scattered + item * 7919) % 20_000}`,
    quantity: 1 + ((scattered >>> 5) % 9),
    price: ((scattered >>> 3) % 50_000) / 100,
  }));
  return JSON.stringify({
    order_id: 8_000_000_000 + index,
    placed: new Date(1_760_000_000_000 + index * 37).toISOString(),
    customer: `customer-${scattered % 40_000}`,
    country: countries[scattered % countries.length],
    channel: channels[(scattered >>> 7) % channels.length],
    total: (((scattered >>> 2) % 1_000_000) / 100).toFixed(2),
    weight: (scattered % 30_000) / 1000,
    express: scattered % 5 === 0,
    items,
    ...(scattered % 4 === 0 && { note: `leave at door ${scattered % 97}, ring twice` }),
    session: scattered.toString(36).padStart(7, '0') + index.toString(36),
  });
}

const rowCount = 200_000;
const rowsPerWrite = 1000;

/** Of the process and all of its threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Measured {
  readonly seconds: number;
  readonly writerSeconds: number;
  readonly fileBytes: number;
}

async function measure(lines: readonly string[], options: OrcOptions): Promise<Measured> {
  const writer = createOrcWriter(columns, options, () => {});
  const began = cpuMs();
  let writerMs = 0;
  for (let from = 0; from < lines.length; from += rowsPerWrite) {
    const rows = lines.slice(from, from + rowsPerWrite).map((line) => JSON.parse(line) as Record<string, unknown>);
    const parsed = cpuMs();
    const rejected = await writer.write(rows);
    writerMs += cpuMs() - parsed;
    if (rejected.length > 0) throw rejected[0]!.error;
  }
  const parsed = cpuMs();
  const { byteLength } = await writer.finish();
  const ended = cpuMs();
  return {
    seconds: (ended - began) / 1000,
    writerSeconds: (writerMs + ended - parsed) / 1000,
    fileBytes: byteLength,
  };
}

const cases: Readonly<Record<string, OrcOptions>> = {
  none: { Compression: 'NONE' },
  snappy: { Compression: 'SNAPPY' },
  zlib: { Compression: 'ZLIB' },
  'snappy, two bloom filters': { Compression: 'SNAPPY', BloomFilterColumns: ['order_id', 'session'] },
  'snappy, V0_11': { Compression: 'SNAPPY', FormatVersion: 'V0_11' },
};

/** A line a case: the best of three, after one to warm up. */
export async function measureOrc(): Promise<string[]> {
  const lines = Array.from({ length: rowCount }, (_, index) => order(index));
  const jsonBytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const result = [
    `${rowCount} rows, ${(jsonBytes / 1e6).toFixed(0)} MB of JSON, ${Math.round(jsonBytes / rowCount)} B a row`,
  ];
  for (const [name, options] of Object.entries(cases)) {
    const runs: Measured[] = [];
    for (let run = 0; run < 4; run += 1) runs.push(await measure(lines, options));
    const best = runs.slice(1).toSorted((left, right) => left.seconds - right.seconds)[0]!;
    const rate = (seconds: number): string => (jsonBytes / seconds / 1e6).toFixed(0);
    result.push(
      `${name.padEnd(26)} ${rate(best.seconds).padStart(4)} MB/s with JSON.parse, ${rate(best.writerSeconds).padStart(4)} MB/s without; ` +
        `the file is ${((best.fileBytes / jsonBytes) * 100).toFixed(0)} % of the JSON`,
    );
  }
  return result;
}

if (import.meta.main) for (const line of await measureOrc()) console.log(line);
