import { Worker } from 'node:worker_threads';
import type { World } from '@millrace/world';
import type { ToJq } from './jq-worker.ts';

const heapMib = 256;

/** A thread with jq in it, for one call at a time. */
export class JqThread {
  readonly #worker: Worker;
  /** Hears of the answer, or undefined when the thread has ended. */
  #settle: ((answer: { readonly value: unknown } | undefined) => void) | undefined;

  constructor() {
    // Beside this module, as source or built.
    const program = new URL(import.meta.url.replace(/jq-thread\.(\w+)$/, 'jq-worker.$1'));
    this.#worker = new Worker(program, {
      resourceLimits: { maxOldGenerationSizeMb: heapMib },
      stdout: true,
      stderr: true,
    });
    // What jq's runtime says when it breaks down; the answer that is missing says it too.
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on('message', (value: unknown) => this.#settle?.({ value }));
    this.#worker.on('error', () => this.#settle?.(undefined));
    this.#worker.on('exit', () => this.#settle?.(undefined));
    // It keeps no process alive that has nothing else to do.
    this.#worker.unref();
  }

  /** Resolves with undefined where no answer came in time, or the thread ended over it: it is to be ended then. */
  call(
    message: ToJq,
    { clock }: Pick<World, 'clock'>,
    limitMs: number,
  ): Promise<{ readonly value: unknown } | undefined> {
    return new Promise((resolve) => {
      const timer = clock.setTimer(limitMs, () => this.#settle?.(undefined));
      this.#worker.ref();
      this.#settle = (answer) => {
        this.#settle = undefined;
        timer.cancel();
        this.#worker.unref();
        resolve(answer);
      };
      this.#worker.postMessage(message, []);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
