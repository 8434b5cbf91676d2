/**
 * `npm run bench [-- --seconds N]`: Millrace, durable, beside kinesalite in memory, in one run on one machine.
 * Prints a table and writes .cache/bench.json. The machine's speed drifts: read the ratios.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { LoadResult } from './load.ts';
import { buildRequest, openConnection } from './raw-client.ts';
import { processUsage, startKinesalite, startMillrace } from './servers.ts';
import type { Candidate } from './servers.ts';

const run = promisify(execFile);
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) {
  console.log('usage: npm run bench [-- --seconds N]   seconds a workload, default 5');
  process.exit(0);
}

interface Row {
  readonly server: string;
  readonly workload: string;
  readonly perSecond: number;
  readonly mbPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Server CPU microseconds a record. */
  readonly cpuUs: number;
  readonly residentMb: number;
}

const workloads = ['put-record-100', 'put-records-100', 'put-records-1024', 'replay'];

async function measure(start: () => Promise<Candidate>): Promise<{ rows: Row[]; readyMs: number; idleMb: number }> {
  const rows: Row[] = [];
  let idle = { readyMs: 0, idleMb: 0 };
  for (const workload of workloads) {
    if (workload === 'replay') continue;
    const server = await start();
    await new Promise((resolve) => setTimeout(resolve, 500));
    idle = { readyMs: server.readyMs, idleMb: processUsage(server.pid).residentMb };
    try {
      await createStream(server, 'bench', 8);
      rows.push(await drive(server, workload));
      // The backlog that was just written is what the replay reads: no second load is needed.
      if (workload === 'put-records-1024') rows.push(await drive(server, 'replay'));
    } finally {
      await server.stop();
    }
  }
  return { rows, ...idle };
}

async function drive(server: Candidate, workload: string): Promise<Row> {
  process.stderr.write(`${server.name}: ${workload} …\n`);
  const before = processUsage(server.pid).cpuSeconds;
  const args = [
    '--conditions=source',
    join(import.meta.dirname, 'load.ts'),
    workload,
    server.host,
    String(server.port),
    'bench',
    values.seconds,
  ];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 24 });
  const result = JSON.parse(stdout) as LoadResult;
  const { cpuSeconds, residentMb } = processUsage(server.pid);
  // The load's second of warm-up is in the CPU too: scale it to the measured share.
  const warmUp = workload === 'replay' ? 1 : result.seconds / (result.seconds + 1);
  return {
    server: server.name,
    workload,
    perSecond: result.records / result.seconds,
    mbPerSecond: result.bytes / result.seconds / 1e6,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuUs: (((cpuSeconds - before) * warmUp) / result.records) * 1e6,
    residentMb,
  };
}

async function createStream(server: Candidate, name: string, shards: number): Promise<void> {
  const connection = await openConnection(server.host, server.port);
  const host = `${server.host}:${server.port}`;
  await connection.send(buildRequest(host, 'CreateStream', JSON.stringify({ StreamName: name, ShardCount: shards })));
  for (;;) {
    const answer = await connection.send(
      buildRequest(host, 'DescribeStreamSummary', JSON.stringify({ StreamName: name })),
    );
    if (answer.body.includes('"ACTIVE"')) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  connection.close();
}

async function fanoutLatency(): Promise<{ p50Ms: number; p99Ms: number; p999Ms: number; received: number }> {
  const server = await startMillrace();
  try {
    await createStream(server, 'bench', 2);
    const endpoint = `http://${server.host}:${server.port}`;
    process.stderr.write('millrace: SubscribeToShard at 1,000 records/s …\n');
    const script = join(import.meta.dirname, 'fanout.ts');
    const { stdout } = await run(process.execPath, [
      '--conditions=source',
      script,
      endpoint,
      'bench',
      values.seconds,
      '1000',
    ]);
    return JSON.parse(stdout) as { p50Ms: number; p99Ms: number; p999Ms: number; received: number };
  } finally {
    await server.stop();
  }
}

function table(rows: readonly Row[]): string {
  const head = ['workload', 'server', 'records/s', 'MB/s', 'p50 ms', 'p99 ms', 'CPU µs/record', 'memory MB'];
  const lines = rows.map((row) => [
    row.workload,
    row.server,
    Math.round(row.perSecond).toLocaleString('en'),
    row.mbPerSecond.toFixed(1),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.cpuUs.toFixed(2),
    row.residentMb.toFixed(0),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)));
  return [head, ...lines].map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')).join('\n');
}

const millrace = await measure(startMillrace);
const fanout = await fanoutLatency();
const kinesalite = await measure(startKinesalite);
const rows = workloads.flatMap((workload) =>
  [...millrace.rows, ...kinesalite.rows].filter((row) => row.workload === workload),
);
const ratios = workloads.map((workload) => {
  const [ours, theirs] = rows.filter((row) => row.workload === workload);
  return `${workload}: ${(ours!.perSecond / theirs!.perSecond).toFixed(1)} times kinesalite's records/s, ${(theirs!.cpuUs / ours!.cpuUs).toFixed(1)} times less CPU a record`;
});
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}; Millrace syncs to disk before each acknowledgement\n`,
);
console.log(`${table(rows)}\n\n${ratios.join('\n')}\n`);
console.log(
  `SubscribeToShard put to receive at 1,000 records/s: p50 ${fanout.p50Ms.toFixed(2)} ms, p99 ${fanout.p99Ms.toFixed(2)} ms, ${fanout.received} received`,
);
console.log(
  `Millrace: ready in ${millrace.readyMs.toFixed(0)} ms, ${millrace.idleMb.toFixed(0)} MB idle; kinesalite: ${kinesalite.readyMs.toFixed(0)} ms, ${kinesalite.idleMb.toFixed(0)} MB`,
);
await mkdir(join(import.meta.dirname, '../.cache'), { recursive: true });
await writeFile(
  join(import.meta.dirname, '../.cache/bench.json'),
  `${JSON.stringify({ rows, fanout, millrace, kinesalite }, null, 2)}\n`,
);
