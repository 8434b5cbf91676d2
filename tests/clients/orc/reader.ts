import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { endProcess } from '../environments.ts';

/** A reader of columnar files in another language: a request a line, an answer a line, both JSON. */
export class OrcReader {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Sends one request. Rejects with what the reader says is wrong with the file, or printed when it ended. */
  async ask(...request: readonly string[]): Promise<unknown> {
    this.#child.stdin.write(`${request.join('\t')}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`the reader ended: ${this.#errors.slice(-4000)}`);
    const answer = JSON.parse(line.value) as unknown;
    const { error } = (answer ?? {}) as { readonly error?: string };
    if (error !== undefined) throw new Error(`the reader refused the file: ${error}`);
    return answer;
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await Promise.race([once(this.#child, 'exit'), endProcess(this.#child)]);
  }
}
