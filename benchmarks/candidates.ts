/** The servers that are measured, each started fresh in a process of its own. Peers are installed into .cache when they are not there. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launcher, startServer } from '../tools/server-process.ts';
import { pythonEnvironment } from '../tests/clients/environments.ts';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../.cache');

/** A server under test. */
export interface Candidate {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly readyMs: number;
  stop(): Promise<void>;
}

export type Start = (options?: { args?: readonly string[] }) => Promise<Candidate>;

/** Millrace as ./millrace starts it, with limits off and a fresh data directory in the system's temporary folder: durable. */
export const startMillrace: Start = async ({ args = [] } = {}) => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const server = await startServer(['--data', data, '--limits', 'none', '--transition-ms', '0', ...args], {
    command: [launcher],
  });
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
};

/** npm's kinesalite, in memory (its default). */
export const startKinesalite: Start = async () => {
  const cli = join(await fromNpm('kinesalite', '3.3.3'), 'cli.js');
  return startPeer('kinesalite 3.3.3', (port) => [
    process.execPath,
    cli,
    '--port',
    String(port),
    '--createStreamMs',
    '0',
    '--shardLimit',
    '10000',
  ]);
};

/** npm's kinesis-local: kinesis-mock compiled to JavaScript, in memory. */
export const startKinesisLocal: Start = async () => {
  const folder = await fromNpm('kinesis-local', '0.6.2');
  const tlsPort = await freePort();
  return startPeer(
    'kinesis-local 0.6.2',
    () => [process.execPath, join(folder, 'main.js')],
    // It reads files beside its program from the working directory.
    {
      cwd: folder,
      environment: (port) => ({
        KINESIS_MOCK_PLAIN_PORT: String(port),
        KINESIS_MOCK_TLS_PORT: String(tlsPort),
        SHARD_LIMIT: '10000',
        CREATE_STREAM_DURATION: '10ms',
        LOG_LEVEL: 'ERROR',
      }),
    },
  );
};

/** PyPI's moto, in memory. */
export const startMoto: Start = async () => {
  const bin = await pythonEnvironment();
  return startPeer('moto', (port) => [join(bin, 'moto_server'), '-H', '127.0.0.1', '-p', String(port)]);
};

/** ferrokinesis, a Rust crate built by cargo, in memory. */
export const startFerrokinesis: Start = async () => {
  const binary = join(cache, 'ferrokinesis/bin/ferrokinesis');
  if (!existsSync(binary)) {
    process.stderr.write('building ferrokinesis with cargo, which takes minutes …\n');
    await run('cargo', ['install', '-q', 'ferrokinesis', '--version', '0.7.0', '--root', join(cache, 'ferrokinesis')]);
  }
  const args = ['--create-stream-ms', '0', '--shard-limit', '10000', '--max-request-body-mb', '64'];
  return startPeer('ferrokinesis 0.7.0', (port) => [binary, '--port', String(port), ...args]);
};

async function fromNpm(name: string, version: string): Promise<string> {
  const folder = join(cache, name);
  const installed = join(folder, 'node_modules', name);
  if (!existsSync(installed)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    const options = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`];
    await run('npm', options, { cwd: folder });
  }
  return installed;
}

async function startPeer(
  name: string,
  command: (port: number) => string[],
  {
    cwd,
    environment = () => ({}),
  }: { cwd?: string | undefined; environment?: ((port: number) => NodeJS.ProcessEnv) | undefined } = {},
): Promise<Candidate> {
  const port = await freePort();
  const [program, ...args] = command(port);
  const began = performance.now();
  const env = { ...process.env, ...environment(port) };
  const child = spawn(program!, args, { stdio: 'ignore', cwd, env });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  await untilListening(port, child);
  return {
    name,
    host: '127.0.0.1',
    port,
    pid: child.pid!,
    readyMs: performance.now() - began,
    stop: () =>
      new Promise((resolve) => {
        process.removeListener('exit', kill);
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

export async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${child.spawnfile} does not listen on ${port}`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
