import { spawn } from 'node:child_process';
import { join } from 'node:path';

const cli = join(import.meta.dirname, '../packages/agent/dist/cli.js');

/** A `millrace-agent` in a process of its own. */
export interface AgentProcess {
  /** What it wrote to standard error so far. */
  log(): string;
  /** Resolves when a line of the log matches; rejects when the agent ends first. */
  logged(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal and resolves with the exit code (null when the signal ended it). */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the built agent. It never outlives this process. */
export function startAgent(args: readonly string[], env: NodeJS.ProcessEnv = {}): AgentProcess {
  const child = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, AWS_EC2_METADATA_DISABLED: 'true', ...env },
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  let log = '';
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const check of waiting) check();
  };
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    changed();
  });
  let hasEnded = false;
  const exited = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      process.removeListener('exit', killWithUs);
      hasEnded = true;
      changed();
      resolve(code);
    });
  });
  return {
    log: () => log,
    logged: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = pattern.exec(log);
          if (found === null && !hasEnded) return;
          waiting.delete(check);
          if (found === null) reject(new Error(`the agent ended before it logged ${pattern}:\n${log}`));
          else resolve(found);
        };
        waiting.add(check);
        check();
      }),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}
