/**
 * A mapping's batches a second: 40,000 records of a stream with 100 shards, each a batch of its own, to a function that takes a
 * millisecond. Says every second how many were done, and in the end how many a second and the processor time of one, once the
 * processes run (on Linux). usage: functions.ts [PROCESSES [waits|computes]]
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../tools/server-process.ts';

const records = 60_000;
/** Starting 16 processes takes the first of them. */
const warmUp = 10_000;
const folder = await mkdtemp(join(tmpdir(), 'millrace-functions-bench-'));
const config = join(folder, 'config.json');
const [processes = '16', kind = 'waits'] = process.argv.slice(2);
const handlers: Readonly<Record<string, string>> = {
  waits: '() => new Promise((done) => setTimeout(done, 1, null))',
  computes: 'async () => { const end = performance.now() + 1; while (performance.now() < end); return null; }',
};
await writeFile(join(folder, 'f.mjs'), `export const handler = ${handlers[kind]!};`);
await writeFile(config, JSON.stringify({ functions: [{ name: 'f', module: './f.mjs' }] }));
const server = await startServer([
  '--limits',
  'none',
  '--config',
  config,
  '--function-processes',
  processes,
  '--data',
  join(folder, 'data'),
]);

async function call(operation: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}` };
  const text = await (await fetch(server.endpoint, { method: 'POST', headers, body: JSON.stringify(body) })).text();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function doneBatches(): Promise<number> {
  const text = await (await fetch(`${server.endpoint}/metrics`)).text();
  return Number(/functions_mapping_batches(?:_total)? (\d+)/.exec(text)?.[1] ?? 0);
}

interface CpuSeconds {
  readonly server: number;
  /** Of all functions. */
  readonly processes: number;
}

/** What a process and those that it has started have used so far: 100 ticks a second, by proc(5). */
async function cpuSeconds(pid: number): Promise<CpuSeconds> {
  const used = { server: 0, processes: 0 };
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const [, parent, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const seconds = (Number(fields[9]) + Number(fields[10])) / 100;
    if (Number(name) === pid) used.server += seconds;
    else if (Number(parent) === pid) used.processes += seconds;
  }
  return used;
}

let summary = '';
try {
  await call('CreateStream', { StreamName: 's', ShardCount: 100 });
  for (let status = ''; status !== 'ACTIVE'; await sleep(50)) {
    const { StreamDescriptionSummary: summary } = await call('DescribeStreamSummary', { StreamName: 's' });
    status = (summary as { StreamStatus: string }).StreamStatus;
  }
  for (let start = 0; start < records; start += 500) {
    const Records = Array.from({ length: 500 }, (_, at) => ({ PartitionKey: String(start + at), Data: 'aGVsbG8=' }));
    await call('PutRecords', { StreamName: 's', Records });
  }
  const source = { FunctionName: 'f', EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', BatchSize: 1 };
  const body = JSON.stringify({ ...source, StartingPosition: 'TRIM_HORIZON' });
  await fetch(`${server.endpoint}/2015-03-31/event-source-mappings`, { method: 'POST', body });
  let began: { readonly atMs: number; readonly batches: number; readonly cpu: CpuSeconds } | undefined;
  for (let [before, now] = [0, 0]; now < records; before = now) {
    await sleep(1000);
    now = await doneBatches();
    console.log(`${now - before} batches/s`);
    if (now > warmUp && began === undefined) {
      began = { atMs: performance.now(), batches: now, cpu: await cpuSeconds(server.child.pid!) };
    } else if (began !== undefined && now > before && now < records) {
      const cpu = await cpuSeconds(server.child.pid!);
      const batches = now - began.batches;
      const seconds = (performance.now() - began.atMs) / 1000;
      const micros = (one: keyof CpuSeconds): number => Math.round(((cpu[one] - began!.cpu[one]) / batches) * 1e6);
      summary = `${Math.round(batches / seconds)} batches/s; of each the server has ${micros('server')} us, the processes ${micros('processes')} us`;
    }
  }
  console.log(summary);
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}
