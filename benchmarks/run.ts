/**
 * `npm run bench`: Millrace, durable, beside its peers in memory, and beside what the machine can do at all. Prints tables and
 * writes .cache/bench.json. The machine's speed drifts: read the ratios.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { startFerrokinesis, startKinesalite, startKinesisLocal, startMillrace, startMoto } from './candidates.ts';
import type { Candidate, Start } from './candidates.ts';
import { measureKafka } from './kafka.ts';
import { measureLimits } from './limits.ts';
import { measureFirehose } from './firehose.ts';
import { measureFormats } from './formats.ts';
import { measureOrc } from './orc.ts';
import { processUsage } from './process-usage.ts';
import { buildRequest, openConnection } from './raw-client.ts';
import { measureFanout, measureMemory, measureRestart, measureShardMemory, measureShortSessions } from './scenarios.ts';
import { table } from './table.ts';
import { workloads } from './workloads.ts';
import type { LoadResult, Workload } from './workloads.ts';

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    servers: { type: 'string', default: 'kinesalite,kinesis-local,moto,ferrokinesis' },
    only: { type: 'string', default: '' },
    gigabytes: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(`usage: npm run bench [-- OPTIONS]
  --seconds N       seconds a workload (4)
  --servers A,B     peers to measure (kinesalite,kinesis-local,moto,ferrokinesis); none for ""
  --only TEXT       only workloads and parts whose name has the text
  --gigabytes N     backlog of the restart (1)
  --minutes N       how long memory is watched at a steady rate (1; an hour is 60)`);
  process.exit(0);
}

export interface Row {
  readonly workload: string;
  readonly server: string;
  readonly perSecond: number;
  readonly mbPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Server CPU microseconds a record. */
  readonly cpuUs: number;
  readonly residentMb: number;
}

const peers: Readonly<Record<string, Start>> = {
  kinesalite: startKinesalite,
  'kinesis-local': startKinesisLocal,
  moto: startMoto,
  ferrokinesis: startFerrokinesis,
};
const isWanted = (name: string): boolean => name.toLowerCase().includes(values.only.toLowerCase());
const seconds = Number(values.seconds);
const failures: string[] = [];

/** Runs the workloads against one server, started afresh for each that does not continue the one before. */
async function measure(start: Start, own: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  let server: Candidate | undefined;
  for (const [at, workload] of workloads.entries()) {
    if (workload.args !== undefined && !own) continue;
    const needed =
      isWanted(workload.name) ||
      workloads
        .slice(at + 1)
        .some((later) => later.continues === true && isWanted(later.name) && startOf(later) === workload);
    if (!needed) continue;
    try {
      if (workload.continues !== true || server === undefined) {
        await server?.stop();
        server = await start({ args: await argumentsOf(workload) });
        await createStream(server, 'bench', workload.shards ?? 8);
      }
      rows.push(await drive(server, workload));
    } catch (error) {
      // A peer may not have it (CBOR, large requests): that is a result too. Of our own it is a failure of the run.
      const text = `${server?.name ?? 'a server'}: ${workload.name}: ${(error as Error).message.split('\n').find((line) => line.includes('Error')) ?? (error as Error).message}`;
      process.stderr.write(`${text}\n`);
      failures.push(text);
    }
  }
  await server?.stop();
  return rows;
}

/** The workload whose server a later one continues. */
function startOf(later: Workload): Workload | undefined {
  const before = workloads.slice(0, workloads.indexOf(later));
  return before.findLast(({ continues }) => continues !== true);
}

let configuration: string | undefined;

async function argumentsOf({ args = [], isSigned }: Workload): Promise<readonly string[]> {
  if (isSigned !== true) return args;
  if (configuration === undefined) {
    configuration = join(await mkdtemp(join(tmpdir(), 'millrace-bench-')), 'millrace.json');
    const identities = [{ accessKeyId: 'BENCHKEY', secretAccessKey: 'bench-secret', name: 'bench' }];
    await writeFile(configuration, JSON.stringify({ identities }));
  }
  return [...args, '--config', configuration];
}

async function drive(server: Candidate, workload: Workload): Promise<Row> {
  process.stderr.write(`${server.name}: ${workload.name} …\n`);
  const before = processUsage(server.pid).cpuSeconds;
  const args = [server.host, String(server.port), 'bench', String(seconds), JSON.stringify(workload)];
  const load = join(import.meta.dirname, 'load.ts');
  const { stdout } = await run(process.execPath, ['--conditions=source', load, ...args], {
    maxBuffer: 1 << 24,
    timeout: 300_000,
  });
  const result = JSON.parse(stdout) as LoadResult;
  const { cpuSeconds, residentMb } = processUsage(server.pid);
  return {
    workload: workload.name,
    server: server.name,
    perSecond: result.records / result.seconds,
    mbPerSecond: result.bytes / result.seconds / 1e6,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    p999Ms: result.p999Ms,
    cpuUs: ((cpuSeconds - before) / result.allRecords) * 1e6,
    residentMb,
  };
}

async function createStream(server: Candidate, name: string, shards: number): Promise<void> {
  const connection = await openConnection(server.host, server.port);
  const send = (operation: string, input: object): Promise<{ status: number; body: Buffer }> =>
    connection.send(buildRequest(`${server.host}:${server.port}`, operation, Buffer.from(JSON.stringify(input)), {}));
  const made = await send('CreateStream', { StreamName: name, ShardCount: shards });
  // A server that verifies signatures has its stream made by the load.
  if (made.status === 400 && made.body.includes('UnrecognizedClient')) return connection.close();
  if (made.status !== 200) throw new Error(`CreateStream: ${made.body.toString().slice(0, 200)}`);
  while (!(await send('DescribeStreamSummary', { StreamName: name })).body.includes('"ACTIVE"'))
    await new Promise((resolve) => setTimeout(resolve, 20));
  connection.close();
}

const own = await measure(startMillrace, true);
const others: Row[] = [];
for (const name of values.servers.split(',').filter((text) => text !== ''))
  others.push(...(await measure(peers[name]!, false)));
const scenarios = {
  fanout: isWanted('fan-out') ? await measureFanout(seconds) : undefined,
  sessions: isWanted('sessions') ? await measureShortSessions() : undefined,
  restart: isWanted('restart') ? await measureRestart(Number(values.gigabytes)) : undefined,
  memory: isWanted('memory over time') ? await measureMemory(Number(values.minutes)) : undefined,
  shardMemory: isWanted('idle shards') ? await measureShardMemory() : undefined,
};
const limits = isWanted('limits') ? await measureLimits() : undefined;
const kafka = isWanted('kafka') ? await measureKafka() : undefined;
const orc = isWanted('orc') ? await measureOrc() : undefined;
const formats = isWanted('formats') ? await measureFormats() : undefined;
const firehose = isWanted('firehose') ? await measureFirehose(seconds) : undefined;

const rows = workloads.flatMap(({ name }) => [...own, ...others].filter((row) => row.workload === name));
console.log(
  `\n${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}; Millrace syncs to disk before each acknowledgement, its peers keep all in memory\n`,
);
console.log(table(rows.map((row) => ({ ...row, ...ratio(row) }))));
for (const [name, part] of Object.entries({ ...scenarios, limits, kafka, orc, formats, firehose })) {
  if (part === undefined) continue;
  console.log(`\n${name}`);
  for (const line of part) console.log(`  ${line}`);
}
if (failures.length > 0) console.log(`\nnot measured\n  ${failures.join('\n  ')}`);
await mkdir(join(import.meta.dirname, '../.cache'), { recursive: true });
await writeFile(
  join(import.meta.dirname, '../.cache/bench.json'),
  `${JSON.stringify({ rows, scenarios, limits, kafka, orc, formats, firehose, failures }, null, 2)}\n`,
);
if (configuration !== undefined) await rm(join(configuration, '..'), { recursive: true });
if (failures.some((text) => text.startsWith('millrace'))) process.exitCode = 1;

/** How many times Millrace's records a second are the peer's, and its CPU a record ours. */
function ratio(row: Row): { times: string } {
  const ours = own.find(({ workload }) => workload === row.workload);
  if (ours === undefined || ours === row) return { times: '' };
  return { times: `${(ours.perSecond / row.perSecond).toFixed(1)}×, CPU ${(row.cpuUs / ours.cpuUs).toFixed(1)}×` };
}
