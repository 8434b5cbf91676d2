/** The rows as a table for the terminal: numbers to the right, columns as wide as their widest cell. */
export function table(
  rows: readonly {
    workload: string;
    server: string;
    perSecond: number;
    mbPerSecond: number;
    p50Ms: number;
    p99Ms: number;
    p999Ms: number;
    cpuUs: number;
    residentMb: number;
    times: string;
  }[],
): string {
  const head = [
    'workload',
    'server',
    'records/s',
    'MB/s',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'CPU µs/record',
    'memory MB',
    'Millrace is',
  ];
  const lines = rows.map((row, at) => [
    rows[at - 1]?.workload === row.workload ? '' : row.workload,
    row.server,
    Math.round(row.perSecond).toLocaleString('en'),
    row.mbPerSecond.toFixed(1),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.p999Ms.toFixed(2),
    row.cpuUs.toFixed(2),
    row.residentMb.toFixed(0),
    row.times,
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) =>
          column > 1 && column < 9 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  '),
    )
    .join('\n');
}
