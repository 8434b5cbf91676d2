import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess } from '../../clients/environments.ts';

/** How a server's process is started. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A server in a process of its own. It never outlives this process. */
export interface RunningChild {
  readonly child: ChildProcess;
  /** The last of what it wrote. */
  log(): string;
  /** What it wrote to standard output, from the first on (1 MiB of it). */
  output(): string;
  /** It answers nothing from now on, though its connections stay (SIGSTOP). */
  pause(): void;
  resume(): void;
  /** Ends it, and removes its directory unless that was given. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Where the server keeps its data; one that is given stays when the server stops, to be used by the next. */
  readonly directory?: string | undefined;
}

/**
 * Starts a process and resolves when `isReady` holds (it is asked ten times a second); rejects with its log when it ends
 * first, or is not ready in three minutes.
 */
export async function startChild(
  name: string,
  launch: (directory: string) => Launch | Promise<Launch>,
  isReady: (running: RunningChild) => boolean | Promise<boolean>,
  { directory: given }: ChildOptions = {},
): Promise<RunningChild> {
  const directory = given ?? (await mkdtemp(join(tmpdir(), `millrace-${name}-`)));
  const clean = (): void => {
    if (given === undefined) rmSync(directory, { recursive: true, force: true });
  };
  const { program, args, env } = await launch(directory);
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const endWithUs = (): void => {
    child.kill('SIGKILL');
    clean();
  };
  process.once('exit', endWithUs);
  let [log, output] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-65_536);
    if (output.length < 1 << 20) output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-65_536)));
  const running: RunningChild = {
    child,
    log: () => log,
    output: () => output,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      await endProcess(child);
      process.removeListener('exit', endWithUs);
      clean();
    },
  };
  try {
    await untilReady(name, running, isReady);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

async function untilReady(
  name: string,
  running: RunningChild,
  isReady: (running: RunningChild) => boolean | Promise<boolean>,
): Promise<void> {
  let failure: Error | undefined;
  running.child.once('error', (error) => (failure = error));
  const deadline = performance.now() + 180_000;
  for (;;) {
    const { exitCode, signalCode } = running.child;
    if (failure !== undefined) throw new Error(`${name} does not start`, { cause: failure });
    if (exitCode !== null || signalCode !== null)
      throw new Error(`${name} ended with ${exitCode ?? signalCode} before it was ready:\n${running.log()}`);
    if (await isReady(running)) return;
    if (performance.now() > deadline) throw new Error(`${name} is not ready in three minutes:\n${running.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
