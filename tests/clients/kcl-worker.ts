import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface KclWorkerOptions {
  readonly endpoint: string;
  readonly application: string;
  readonly modes: readonly string[];
  /** One, or several as KCL names them: ACCOUNT:NAME:SECOND, with commas between. */
  readonly stream?: string | undefined;
  /** The class. */
  readonly main?: string | undefined;
  /** Java's, as -Dname=value. */
  readonly properties?: readonly string[] | undefined;
}

/** A KCL worker (tests/clients/java) whose lines go to `onLine`, split at blanks, and whose log goes to `onLog`. */
export function startKclWorker(
  classPath: string,
  { endpoint, application, modes, main = 'KclWorker', properties = [], stream = 'events' }: KclWorkerOptions,
  told: { onLine(words: readonly string[]): void; onLog(text: string): void },
): ChildProcess {
  const options = ['-Xmx256m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', ...properties, '-cp', classPath, main];
  const child = spawn('java', [...options, endpoint, endpoint, stream, application, ...modes], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.setEncoding('utf8').on('data', told.onLog);
  createInterface({ input: child.stdout }).on('line', (line) => told.onLine(line.split(' ')));
  return child;
}
