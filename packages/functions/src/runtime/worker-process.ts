import type { World } from '@millrace/world';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Slots } from '../slots.ts';
import type { Call, Invoked, Runnable, Target } from '../invoker.ts';
import { failure, timedOut, tooLargeAnswer } from './failures.ts';
import { LogTail } from './log-tail.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** What a module does before its handler is there is not on the handler's time. AWS gives it 10 s on an idle machine. */
const mostStartMs = 30_000;
const mostAnswerBytes = 6_291_556;
const memoryLookMs = 100;
/** Node itself, which AWS counts in and is not the function's here. */
const baseBytes = 64 << 20;

export interface WorkerOptions {
  readonly world: World;
  readonly runnable: Runnable & { readonly target: Target & { readonly kind: 'module' } };
  /** Bounds how many processes start at once: many at once would each take as long as all of them. */
  readonly starts: Slots;
  /** Gets the lines that the function logs. */
  line(line: string): void;
}

/** A process that runs one function, one event at a time. It starts with its first event. */
export class WorkerProcess {
  readonly runnable: WorkerOptions['runnable'];
  readonly #options: WorkerOptions;
  #child: ChildProcess | undefined;
  #isReady = false;
  /** Why it ended; undefined while it can be used. */
  #ended: string | undefined;
  #onMessage: ((message: FromWorker) => void) | undefined;
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

  /** Runs an event; never throws: what the function or its process does wrong is an answer. */
  async run(call: Call): Promise<Invoked> {
    const { world, line } = this.#options;
    const { requestId } = call;
    const { memoryMib } = this.runnable;
    const tail = (this.#tail = new LogTail(line));
    tail.add(`START RequestId: ${requestId} Version: $LATEST\n`);
    const failed = this.#isReady ? undefined : await this.#startFor(call);
    const beganMs = world.clock.monotonicMs();
    const { payload, functionError, maxBytes } = failed ?? (await this.#answerTo(call));
    const ms = world.clock.monotonicMs() - beganMs;
    tail.add(
      `END RequestId: ${requestId}\nREPORT RequestId: ${requestId}\tDuration: ${ms.toFixed(2)} ms\t` +
        `Billed Duration: ${Math.ceil(ms)} ms\tMemory Size: ${memoryMib} MB\tMax Memory Used: ${Math.ceil(maxBytes / (1 << 20))} MB\t\n`,
    );
    return { payload: Buffer.from(payload), functionError, logTail: tail.end() };
  }

  /** Ends the process, whatever it does. Resolves when it is gone. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#ended ??= 'signal: killed';
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Resolves with why the function could not be loaded; undefined when it is. */
  async #startFor({ requestId }: Call): Promise<Answer | undefined> {
    const { starts } = this.#options;
    const { timeoutMs, target } = this.runnable;
    const { path, handler, spelled } = target;
    await starts.take();
    try {
      // Its end may have come while it waited.
      if (this.isUsable) this.#child = this.#start();
      const limitMs = Math.max(mostStartMs, timeoutMs);
      const started = await this.#exchange({ type: 'start', path, handler, spelled }, { requestId, limitMs });
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
    const event = call.payload.toString();
    const message = { type: 'invoke', requestId, event, arn: this.runnable.arn, remainingMs: timeoutMs } as const;
    const answer = await this.#exchange(message, { requestId, limitMs: timeoutMs });
    if (answer === 'ready') throw new Error('a worker is ready twice');
    const bytes = Buffer.byteLength(answer.payload);
    if (bytes > mostAnswerBytes && answer.functionError === undefined)
      return { ...tooLargeAnswer(bytes, mostAnswerBytes), maxBytes: answer.maxBytes };
    return answer;
  }

  /** Sends a message and waits for its answer, the process's end or the time's. */
  #exchange(
    message: ToWorker,
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
      this.#onMessage = (answer) => {
        if (answer.type === 'ready') finish('ready');
        else if (answer.type === 'done') finish({ ...answer, functionError: undefined });
        else if (answer.type === 'failed') {
          if (answer.ends) void this.end();
          finish({ ...failure(answer.payload), maxBytes: 0 });
        }
      };
      this.#onEnd = (why) => {
        const errorMessage = `RequestId: ${requestId} Error: Runtime exited with error: ${why}`;
        finish({ ...failure(JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage })), maxBytes: 0 });
      };
      if (this.#ended !== undefined) this.#onEnd(this.#ended);
      else this.#child!.send(message, (error) => error && this.#onEnd?.(this.#ended ?? error.message));
    });
  }

  #start(): ChildProcess {
    const { runnable } = this.#options;
    // Beside this module, as source or built.
    const program = new URL(import.meta.url.replace(/worker-process\.(\w+)$/, 'worker-main.$1'));
    const child = fork(program, [String(process.pid)], {
      cwd: runnable.target.directory,
      env: environmentOf(runnable),
      execArgv: [`--max-old-space-size=${runnable.memoryMib}`],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // What Node itself writes, when it runs out of memory for one; the function's own comes in messages.
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => this.#tail.add(text));
    child.on('message', (message: FromWorker) => {
      if (message.type === 'log') this.#tail.add(message.text);
      else this.#onMessage?.(message);
    });
    child.on('error', (error) => this.#gone(error.message));
    child.on('exit', (code, signal) => this.#gone(signal === null ? `exit status ${code}` : signalName(signal)));
    return child;
  }

  #gone(why: string): void {
    this.#ended ??= why;
    this.#onEnd?.(why);
  }

  /** Node limits the heap alone; what lies beside it is looked at where the system tells of it (Linux). */
  #watchMemory(): { cancel(): void } {
    const { world } = this.#options;
    let isOver = false;
    const look = async (): Promise<void> => {
      const bytes = await residentBytes(world, this.#child?.pid);
      if (isOver) return;
      if (bytes > (this.runnable.memoryMib << 20) + baseBytes) void this.end();
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

interface Answer {
  readonly payload: string;
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
