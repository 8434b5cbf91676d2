import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program in Java that a test starts, kills and starts again, and whose lines it hears, split at blanks. */
export class JavaProgram {
  /** Standard error, the last of it. */
  #log = '';
  #process: ChildProcess | undefined;
  readonly #parameters: readonly string[];
  readonly #onLine: (words: readonly string[]) => void;

  /** `parameters` are Java's own: options, the class, its arguments. */
  constructor(parameters: readonly string[], onLine: (words: readonly string[]) => void) {
    this.#parameters = parameters;
    this.#onLine = onLine;
  }

  start(): void {
    const child = spawn('java', [...this.#parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
    const killWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.removeListener('exit', killWithUs));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#log = (this.#log + text).slice(-200_000)));
    createInterface({ input: child.stdout }).on('line', (line) => this.#onLine(line.split(' ')));
    this.#process = child;
  }

  /** kill -9; resolves when the last line was heard. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }

  /** The last lines of its log. Where in Java an exception was thrown says less than which it was. */
  get log(): string {
    const lines = this.#log.split('\n').filter((line) => !line.startsWith('\tat '));
    return lines.slice(-60).join('\n');
  }
}

/** Opens packages of Java itself, below java.base, to what looks into them. */
export function opened(packages: readonly string[]): string[] {
  return packages.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);
}
