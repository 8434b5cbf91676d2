import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer } from '../tools/server-process.ts';

const root = join(import.meta.dirname, '..');

/** A server under test in a process of its own. */
export interface Candidate {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly readyMs: number;
  stop(): Promise<void>;
}

/** Millrace with limits off and a fresh data directory on the disk of the system's temporary folder: durable. */
export async function startMillrace(): Promise<Candidate> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0']);
  const { hostname, port } = new URL(server.endpoint);
  return {
    name: 'millrace',
    host: hostname,
    port: Number(port),
    pid: server.child.pid!,
    readyMs: server.readyMs,
    async stop() {
      await server.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** npm's kinesalite, in memory (its default), installed into .cache when it is not there. */
export async function startKinesalite(): Promise<Candidate> {
  const folder = join(root, '.cache/kinesalite');
  const cli = join(folder, 'node_modules/kinesalite/cli.js');
  if (!existsSync(cli)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', 'kinesalite@3.3.3'], {
      cwd: folder,
    });
  }
  const port = await freePort();
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [cli, '--port', String(port), '--createStreamMs', '0', '--shardLimit', '1000'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => text.includes('Listening') && resolve());
    child.once('exit', () => reject(new Error('kinesalite ended')));
  });
  return {
    name: 'kinesalite 3.3.3, in memory',
    host: '127.0.0.1',
    port,
    pid: child.pid!,
    readyMs: performance.now() - began,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

/** CPU seconds (user and system) that a process has used, and its resident memory in MB, from /proc. */
export function processUsage(pid: number): { cpuSeconds: number; residentMb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime are fields 14 and 15 of proc(5), in clock ticks of 10 ms; rss is field 24, in pages.
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    residentMb: (Number(fields[21]) * 4096) / 1e6,
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
