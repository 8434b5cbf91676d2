import type { World } from '@millrace/world';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Slots } from '../slots.ts';
import type { Call, Invoked, Runnable, Target } from '../invoker.ts';
import { serviceFault } from '../errors.ts';
import { failure, timedOut, tooLargeAnswer } from './failures.ts';
import { FrameReader, frameOf } from './frames.ts';
import { LogTail } from './log-tail.ts';
import { fromWorker, mostAnswerBytes, mostFrameBytes, workerDescriptors } from './messages.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** What a module does before its handler is there is not on the handler's time. AWS gives it 10 s on an idle machine. */
const mostStartMs = 30_000;
const memoryLookMs = 100;
const mib = 1 << 20;
/** Node itself, which AWS counts in and is not the function's here. */
const baseBytes = 64 * mib;
const nothing = Buffer.alloc(0);

export interface WorkerOptions {
  readonly world: World;
  readonly runnable: Runnable & { readonly target: Target & { readonly kind: 'module' } };
  /** Bounds how many processes start at once: many at once would each take as long as all of them. */
  readonly starts: Slots;
  /** Gets the lines that the function logs. */
  line(line: string): void;
  /** The process has ended, by itself or not. */
  gone(worker: WorkerProcess): void;
}

/** A process that runs one function, one event at a time. It starts with its first event. */
export class WorkerProcess {
  readonly runnable: WorkerOptions['runnable'];
  readonly #options: WorkerOptions;
  #child: ChildProcess | undefined;
  #incoming: Writable | undefined;
  #isReady = false;
  /** Why it ended; undefined while it can be used. */
  #ended: string | undefined;
  #onMessage: ((message: FromWorker, body: Buffer) => void) | undefined;
  #onEnd: ((why: string) => void) | undefined;
  #tail: LogTail;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.runnable = options.runnable;
    this.#tail = new LogTail(options.line);
  }

  get isUsable(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Runs an event; what the function or its process does wrong is an answer. Throws ServiceException where the system has no room
   * for a process: then the function has not been run.
   */
  async run(call: Call): Promise<Invoked> {
    const { world, line } = this.#options;
    const { requestId } = call;
    const { memoryMib } = this.runnable;
    const tail = (this.#tail = new LogTail(line));
    tail.note(`START RequestId: ${requestId} Version: $LATEST\n`);
    const failed = this.#isReady ? undefined : await this.#startFor(call);
    const beganMs = world.clock.monotonicMs();
    const { payload, functionError, maxBytes } = failed ?? (await this.#answerTo(call));
    const ms = world.clock.monotonicMs() - beganMs;
    tail.note(
      `END RequestId: ${requestId}\nREPORT RequestId: ${requestId}\tDuration: ${ms.toFixed(2)} ms\t` +
        `Billed Duration: ${Math.ceil(ms)} ms\tMemory Size: ${memoryMib} MB\tMax Memory Used: ${Math.ceil(maxBytes / mib)} MB\t\n`,
    );
    return { payload, functionError, logTail: tail.end() };
  }

  /** Ends the process, whatever it does. Resolves when it is gone. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#ended ??= 'signal: killed';
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    killAll(child);
    await gone;
  }

  /** Resolves with why the function could not be loaded; undefined when it is. */
  async #startFor({ requestId }: Call): Promise<Answer | undefined> {
    const { starts } = this.#options;
    const { timeoutMs, target } = this.runnable;
    const { path, handler, spelled } = target;
    await starts.take(this.runnable.key);
    try {
      // Its end may have come while it waited.
      if (this.isUsable) this.#child = this.#start();
      const limitMs = Math.max(mostStartMs, timeoutMs);
      const started = await this.#exchange({ type: 'start', path, handler, spelled }, nothing, { requestId, limitMs });
      if (started !== 'ready') return started;
      this.#isReady = true;
      return undefined;
    } finally {
      starts.give();
    }
  }

  async #answerTo(call: Call): Promise<Answer> {
    const { requestId } = call;
    const { timeoutMs } = this.runnable;
    const message = { type: 'invoke', requestId, arn: this.runnable.arn, remainingMs: timeoutMs } as const;
    const answer = await this.#exchange(message, call.payload, { requestId, limitMs: timeoutMs });
    if (answer === 'ready') throw new Error('a worker is ready twice');
    return answer;
  }

  /** Sends a message and waits for its answer, the process's end or the time's. */
  #exchange(
    message: ToWorker,
    body: Buffer,
    { requestId, limitMs }: { requestId: string; limitMs: number },
  ): Promise<'ready' | Answer> {
    const { clock } = this.#options.world;
    return new Promise((resolve) => {
      const timer = clock.setTimer(limitMs, () => {
        const seconds = (limitMs / 1000).toFixed(2);
        this.#tail.add(
          `${new Date(clock.now()).toISOString()} ${requestId} Task timed out after ${seconds} seconds\n\n`,
        );
        finish({ ...timedOut(requestId, limitMs), maxBytes: 0 });
        void this.end();
      });
      const memory = this.#watchMemory();
      const finish = (answer: 'ready' | Answer): void => {
        timer.cancel();
        memory.cancel();
        this.#onMessage = undefined;
        this.#onEnd = undefined;
        resolve(answer);
      };
      this.#onMessage = (answer, bytes) => {
        if (answer.type === 'ready') finish('ready');
        else if (answer.type === 'done') finish({ ...answer, payload: bytes, functionError: undefined });
        else if (answer.type === 'tooLarge') finish({ ...tooLargeAnswer(answer.bytes, mostAnswerBytes), maxBytes: 0 });
        else if (answer.type === 'failed') {
          if (answer.ends) void this.end();
          finish({ ...failure(bytes), maxBytes: 0 });
        }
      };
      this.#onEnd = (why) => {
        const errorMessage = `RequestId: ${requestId} Error: Runtime exited with error: ${why}`;
        finish({
          ...failure(Buffer.from(JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage }))),
          maxBytes: 0,
        });
      };
      if (this.#ended !== undefined) this.#onEnd(this.#ended);
      else for (const part of frameOf(message, body)) this.#incoming!.write(part);
    });
  }

  #start(): ChildProcess {
    const { runnable } = this.#options;
    // Beside this module, as source or built.
    const program = new URL(import.meta.url.replace(/worker-process\.(\w+)$/, 'worker-main.$1'));
    const child = spawn(
      process.execPath,
      [`--max-old-space-size=${runnable.memoryMib}`, fileURLToPath(program), String(process.pid)],
      {
        cwd: runnable.target.directory,
        env: environmentOf(runnable),
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
        // A group of its own: what the function has started ends with it. On Windows it would be a window of its own.
        detached: process.platform !== 'win32',
      },
    );
    child.on('error', (error) => this.#gone(error.message));
    // Without descriptors or memory for it there is neither a process nor its pipes.
    if (child.pid === undefined) {
      this.#ended ??= 'not started';
      throw serviceFault(`The system starts no process for ${runnable.name} now.`);
    }
    // What Node itself writes, when it runs out of memory for one; the function's own comes in messages.
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => this.#tail.add(text));
    const outgoing = child.stdio[workerDescriptors.out] as Readable;
    this.#incoming = child.stdio[workerDescriptors.in] as Writable;
    // A process that is gone says so by its exit.
    for (const stream of [this.#incoming, outgoing]) stream.on('error', () => undefined);
    const reader = new FrameReader({
      mostBytes: mostFrameBytes,
      take: (header, body) => this.#take(fromWorker(header), body),
    });
    outgoing.on('data', (piece: Buffer) => {
      try {
        if (this.#ended === undefined) reader.add(piece);
      } catch (error) {
        this.#tail.add(`the process does not speak as a worker any more: ${(error as Error).message}\n`);
        void this.end();
      }
    });
    child.on('exit', (code, signal) => {
      killAll(child);
      const why = signal === null ? `exit status ${code}` : signalName(signal);
      // What it told before it ended may still be on its way.
      if (outgoing.closed) this.#gone(why);
      else outgoing.once('close', () => this.#gone(why));
    });
    return child;
  }

  #take(message: FromWorker, body: Buffer): void {
    if (message.type === 'log') this.#tail.add(body.toString());
    else this.#onMessage?.(message, body);
  }

  #gone(why: string): void {
    this.#ended ??= why;
    this.#onEnd?.(this.#ended);
    this.#options.gone(this);
  }

  /** Node limits the heap alone; what lies beside it is looked at where the system tells of it (Linux). */
  #watchMemory(): { cancel(): void } {
    const { world } = this.#options;
    let isOver = false;
    const look = async (): Promise<void> => {
      const bytes = await residentBytes(world, this.#child?.pid);
      if (isOver) return;
      if (bytes > this.runnable.memoryMib * mib + baseBytes) void this.end();
      else timer = world.clock.setTimer(memoryLookMs, () => void look());
    };
    let timer = world.clock.setTimer(memoryLookMs, () => void look());
    return {
      cancel() {
        isOver = true;
        timer.cancel();
      },
    };
  }
}

/** Ends the process and what it has started. */
function killAll(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // No process groups on this system, or it is gone already.
    child.kill('SIGKILL');
  }
}

interface Answer {
  readonly payload: Buffer;
  readonly functionError: Invoked['functionError'];
  readonly maxBytes: number;
}

async function residentBytes({ disk }: World, pid: number | undefined): Promise<number> {
  try {
    const file = await disk.open(`/proc/${pid}/statm`, 'read');
    try {
      const text = Buffer.alloc(128);
      await file.read(text, 0, text.length, 0);
      return Number(text.toString().split(' ')[1]) * 4096;
    } finally {
      await file.close();
    }
  } catch {
    // Another system, or a process that is gone.
    return 0;
  }
}

function signalName(signal: NodeJS.Signals): string {
  return signal === 'SIGKILL' ? 'signal: killed' : `signal: ${signal.slice(3).toLowerCase()}`;
}

/** The server's own environment, with what secrets it may hold, is not the function's. */
function environmentOf({ name, region, memoryMib, target }: WorkerOptions['runnable']): Record<string, string> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin', LANG = 'en_US.UTF-8', TMPDIR } = process.env;
  return {
    PATH,
    LANG,
    ...(TMPDIR !== undefined && { TMPDIR }),
    TZ: ':UTC',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMib),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: '$LATEST',
    LAMBDA_TASK_ROOT: target.directory,
    _HANDLER: target.spelled,
    ...target.environment,
  };
}
