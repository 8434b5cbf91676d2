import type { Timer, World } from '@millrace/world';
import { tooManyRequests } from '../errors.ts';
import type { Call, Invoked } from '../invoker.ts';
import { Rotation } from '../rotation.ts';
import { Slots } from '../slots.ts';
import { WorkerProcess } from './worker-process.ts';
import type { WorkerOptions } from './worker-process.ts';

const idleMs = 300_000;
const startsAtOnce = 4;
/** Beyond these a call is refused: each would hold its payload while it waits. One function has half of the places at most. */
const mostWaiting = 1000;
const mostWaitingOfOne = 500;
const mostWaitingBytes = 64 << 20;

type ModuleCall = Call & { readonly runnable: WorkerOptions['runnable'] };

interface Waiting {
  readonly call: ModuleCall;
  take(worker: WorkerProcess): void;
}

export interface PoolOptions {
  readonly world: World;
  /** How many run at once, of all functions. */
  readonly processes: number;
  line(functionName: string, line: string): void;
}

/** Worker processes of all functions: warm ones are used again, the longest idle makes room for another function. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workers = new Set<WorkerProcess>();
  /** The longest idle first. */
  readonly #idle = new Map<WorkerProcess, Timer>();
  readonly #waiting = new Rotation<Waiting>();
  readonly #ending = new Set<Promise<void>>();
  readonly #starting = new Slots(startsAtOnce);
  #waitingBytes = 0;
  #starts = 0;
  #isStopped = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Throws TooManyRequestsException where too many wait already. */
  async invoke(call: ModuleCall): Promise<Invoked> {
    const worker = await this.#worker(call);
    try {
      return await worker.run(call);
    } finally {
      this.#release(worker);
    }
  }

  /** Idle workers of a function end; busy ones of an earlier revision are found out when they are done. */
  retire(key: string): void {
    for (const worker of this.#idle.keys()) if (worker.runnable.key === key) this.#end(worker);
  }

  metrics(): Record<string, number> {
    return { workers: this.#workers.size, workersIdle: this.#idle.size, workersStarted: this.#starts };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const worker of this.#workers) this.#end(worker);
    await Promise.all(this.#ending);
  }

  #worker(call: ModuleCall): Promise<WorkerProcess> {
    const bytes = call.payload.length;
    const { key } = call.runnable;
    const isFull = this.#waiting.size >= mostWaiting || this.#waiting.sizeOf(key) >= mostWaitingOfOne;
    if (this.#isStopped || isFull || this.#waitingBytes + bytes > mostWaitingBytes) throw tooManyRequests();
    return new Promise((resolve) => {
      this.#waitingBytes += bytes;
      this.#waiting.add(key, { call, take: resolve });
      this.#pump();
    });
  }

  /** Hands out workers, function by function. */
  #pump(): void {
    for (;;) {
      const first = this.#waiting.peek();
      const worker = first && this.#find(first.call);
      if (first === undefined || worker === undefined) return;
      this.#waiting.shift();
      this.#waitingBytes -= first.call.payload.length;
      first.take(worker);
    }
  }

  #find({ runnable }: ModuleCall): WorkerProcess | undefined {
    const { world, processes, line } = this.#options;
    const idle = [...this.#idle.keys()];
    // The one that was used last: the others may then become old and end.
    const warm = idle.findLast(
      (one) => one.runnable.key === runnable.key && one.runnable.revision === runnable.revision,
    );
    if (warm !== undefined) {
      this.#idle.get(warm)!.cancel();
      this.#idle.delete(warm);
      return warm;
    }
    if (this.#workers.size >= processes) {
      if (idle[0] === undefined) return undefined;
      this.#end(idle[0]);
    }
    const worker = new WorkerProcess({
      world,
      runnable,
      starts: this.#starting,
      line: (text) => line(runnable.name, text),
      gone: (one) => {
        // One that ends while it rests must not get the next event.
        if (this.#idle.has(one)) this.#end(one);
      },
    });
    this.#workers.add(worker);
    this.#starts += 1;
    return worker;
  }

  #release(worker: WorkerProcess): void {
    if (!worker.isUsable || this.#isStopped) this.#end(worker);
    else
      this.#idle.set(
        worker,
        this.#options.world.clock.setTimer(idleMs, () => this.#end(worker)),
      );
    this.#pump();
  }

  #end(worker: WorkerProcess): void {
    this.#idle.get(worker)?.cancel();
    this.#idle.delete(worker);
    this.#workers.delete(worker);
    const ending = worker.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
