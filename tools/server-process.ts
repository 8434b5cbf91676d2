import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
export const cli = join(root, 'packages/server/dist/cli.js');
/** The command of a checkout, as people run it. */
export const launcher = join(root, 'millrace');

/** A `millrace serve` in a process of its own, for the demo, the tests and the benchmarks. */
export interface ServerProcess {
  /** http://HOST:PORT as the ready line says. */
  readonly endpoint: string;
  readonly child: ChildProcess;
  /** Milliseconds from spawn to the ready line. */
  readonly readyMs: number;
  /** What it wrote to standard error so far (the last 64 KiB). */
  log(): string;
  /** Sends the signal and resolves with the exit code (null when the signal ended it). */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts the built server on a free port and resolves when it says that it is ready; rejects with its log when it exits
 * first. The server never outlives this process. `command` stands before `serve`.
 */
export async function startServer(
  args: readonly string[],
  { env = {}, command = [process.execPath, cli] }: { env?: NodeJS.ProcessEnv; command?: readonly string[] } = {},
): Promise<ServerProcess> {
  const began = performance.now();
  // A server that is told no directory makes one and leaves it: this one's goes with it.
  const own = args.includes('--data') ? undefined : await mkdtemp(join(tmpdir(), 'millrace-server-'));
  const data = own === undefined ? [] : ['--data', own];
  const [program, ...parameters] = [...command, 'serve', '--port', '0', ...data, ...args];
  const child = spawn(program!, parameters, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const killWithUs = (): void => {
    child.kill('SIGKILL');
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
  };
  process.once('exit', killWithUs);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-65_536)));
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      process.removeListener('exit', killWithUs);
      if (own !== undefined) rmSync(own, { recursive: true, force: true });
      resolve(code);
    });
  });
  const endpoint = await readyLine(child, exited, () => log);
  return {
    endpoint,
    child,
    readyMs: performance.now() - began,
    log: () => log,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

function readyLine(child: ChildProcess, exited: Promise<number | null>, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const match = /^millrace ready (http\S+)$/m.exec(output);
      if (match) resolve(match[1]!);
    });
    void exited.then((code) => reject(new Error(`millrace serve exited with ${code} before it was ready:\n${log()}`)));
  });
}
