/**
 * `npm run demo:agent`: 20,000 flights are written to a log that grows and is rotated; the agent tails it into a stream; two
 * worker processes of one application count what comes. On the way one worker is killed, and the agent too. At the end every
 * line was counted: nothing is missed.
 */
import { Kinesis } from '@aws-sdk/client-kinesis';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../server-process.ts';
import { streamActive } from '../stream-active.ts';
import { loadFlights } from './flights.ts';
import type { PacedFlight } from './flights.ts';
import { until } from './until.ts';
import { createScreen, meter } from './view.ts';

const stream = 'log';
const durationMs = Number(process.env['MILLRACE_DEMO_MS'] ?? 20_000);
const agentCommand = join(import.meta.dirname, '../../packages/agent/dist/cli.js');
const fields = ['line', 'date', 'origin', 'destination', 'delay', 'distance'];
/** Nobody gets this far when all is well. */
const patienceMs = durationMs + 60_000;

/** A worker process and what it said that it processed. */
interface Worker {
  readonly name: string;
  readonly child: ChildProcess;
  shards: readonly string[];
  counted: number;
  isKilled: boolean;
}

interface Run {
  readonly endpoint: string;
  readonly folder: string;
  readonly flights: readonly PacedFlight[];
  readonly workers: Worker[];
  /** How often each line was counted, by its number. */
  readonly counts: Uint8Array;
  written: number;
  rotations: number;
  seen: number;
  twice: number;
  agent: ChildProcess | undefined;
  note: string;
}

async function main(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const server = await startServer(['--data', join(folder, 'data')]);
  console.log(`server ready in ${server.readyMs.toFixed(0)} ms at ${server.endpoint}, log and data in ${folder}`);
  const flights = loadFlights(durationMs);
  const counts = new Uint8Array(flights.length);
  const run: Run = {
    endpoint: server.endpoint,
    folder,
    flights,
    workers: [],
    counts,
    written: 0,
    rotations: 0,
    seen: 0,
    twice: 0,
    agent: undefined,
    note: '',
  };
  try {
    await stage(run);
    return summarize(run);
  } finally {
    await Promise.all([...run.workers.map(({ child }) => end(child)), run.agent && end(run.agent)]);
    console.log(`server stopped with exit code ${await server.stop()}`);
    await rm(folder, { recursive: true, force: true });
  }
}

async function stage(run: Run): Promise<void> {
  const credentials = { accessKeyId: 'demo', secretAccessKey: 'demo' };
  const client = new Kinesis({ endpoint: run.endpoint, region: 'us-east-1', credentials });
  await client.createStream({ StreamName: stream, ShardCount: 4 });
  await streamActive(client, stream);
  client.destroy();
  await writeFile(join(run.folder, 'agent.json'), JSON.stringify(agentConfiguration(run), undefined, 2));
  startAgent(run);
  startWorker(run, 'one');
  startWorker(run, 'two');
  const screen = createScreen(process.stdout);
  const draw = (): void => screen.draw(line(run), (width) => picture(run, width));
  const drawing = setInterval(draw, process.stdout.isTTY ? 250 : 1000);
  try {
    const incidents = happen(run);
    await writeLog(run);
    await incidents;
    await until(() => run.seen === run.flights.length, patienceMs).catch(() => undefined);
  } finally {
    clearInterval(drawing);
    draw();
  }
}

/** The Kinesis Agent's own configuration file. */
function agentConfiguration({ endpoint, folder }: Run): unknown {
  return {
    'cloudwatch.emitMetrics': false,
    'kinesis.endpoint': endpoint,
    awsAccessKeyId: 'demo',
    awsSecretAccessKey: 'demo',
    checkpointFile: join(folder, 'agent-checkpoints'),
    flows: [
      {
        filePattern: join(folder, 'flights.log*'),
        kinesisStream: stream,
        initialPosition: 'START_OF_FILE',
        maxBufferAgeMillis: 1000,
        dataProcessingOptions: [{ optionName: 'CSVTOJSON', customFieldNames: fields }],
      },
    ],
  };
}

function startAgent(run: Run): void {
  run.agent = spawn(process.execPath, [agentCommand, '--config', join(run.folder, 'agent.json')], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

function startWorker(run: Run, name: string): void {
  const program = join(import.meta.dirname, 'counting-worker.ts');
  const child = spawn(process.execPath, ['--conditions=source', program, run.endpoint, stream, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const worker: Worker = { name, child, shards: [], counted: 0, isKilled: false };
  run.workers.push(worker);
  createInterface({ input: child.stdout }).on('line', (text) => {
    const { shards, lines } = JSON.parse(text) as { shards: string[]; lines: number[] };
    if (!worker.isKilled) worker.shards = shards;
    worker.counted += lines.length;
    for (const number of lines) {
      if (run.counts[number] === 0) run.seen += 1;
      else run.twice += 1;
      run.counts[number]! += 1;
    }
  });
}

/** Writes every flight when it is due; the log is rotated by renaming, four times. */
async function writeLog(run: Run): Promise<void> {
  const path = join(run.folder, 'flights.log');
  const began = performance.now();
  const each = Math.ceil(run.flights.length / 5);
  while (run.written < run.flights.length) {
    const first = run.written;
    const elapsedMs = performance.now() - began;
    const stop = Math.min(run.flights.length, (run.rotations + 1) * each);
    let next = first;
    while (next < stop && run.flights[next]!.dueMs <= elapsedMs) next += 1;
    const text = run.flights.slice(first, next).map(({ event }, index) => {
      const { date, origin, destination, delay, distance } = event;
      return `${[first + index, date, origin, destination, delay, distance].join(',')}\n`;
    });
    await appendFile(path, text.join(''));
    run.written = next;
    if (next === stop && next < run.flights.length) {
      run.rotations += 1;
      await rename(path, `${path}.${run.rotations}`);
    }
    await sleep(20);
  }
}

/** After two fifths of the lines a worker is killed, after three the agent, which is started again. */
async function happen(run: Run): Promise<void> {
  const total = run.flights.length;
  await until(() => run.seen > total * 0.4 && run.workers.every(({ shards }) => shards.length > 0), patienceMs);
  const victim = run.workers[0]!;
  victim.child.kill('SIGKILL');
  run.note = `killed worker ${victim.name}, which had ${victim.shards.length} shards`;
  victim.isKilled = true;
  victim.shards = [];
  await until(() => run.seen > total * 0.6, patienceMs);
  await end(run.agent!, 'SIGKILL');
  startAgent(run);
  run.note += '; killed the agent and started it again';
}

function line(run: Run): string {
  const workers = run.workers.map(
    ({ name, counted, shards, isKilled }) =>
      `${name}: ${counted}${isKilled ? ', killed' : ` of ${shards.length} shards`}`,
  );
  return `written ${run.written}  counted ${run.seen}  ${workers.join('  ')}${run.note === '' ? '' : `  ${run.note}`}`;
}

function picture(run: Run, width: number): string[] {
  const total = run.flights.length;
  const row = (name: string, count: number, more: string): string =>
    `${name.padEnd(12)}${meter(count / total, width - 50)} ${String(count).padStart(6)}  ${more}`;
  return [
    row('written', run.written, `${run.rotations} rotations`),
    row('counted', run.seen, `${run.twice} again`),
    '',
    ...run.workers.map(({ name, counted, shards, isKilled }) =>
      row(`worker ${name}`, counted, isKilled ? 'killed' : shards.map((shard) => shard.slice(-1)).join(' ')),
    ),
    run.note,
  ];
}

function summarize({ flights, seen, twice, counts, workers }: Run): boolean {
  const missing = counts.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0);
  const by = workers.map(({ name, counted }) => `${counted} by worker ${name}`).join(', ');
  console.log(
    [
      '',
      `${seen} of ${flights.length} lines counted (${by}); ${twice} came again after the kills`,
      missing === 0 ? 'nothing is missed' : `${missing} LINES ARE MISSED`,
    ].join('\n'),
  );
  return missing === 0;
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

process.exitCode = (await main()) ? 0 : 1;
