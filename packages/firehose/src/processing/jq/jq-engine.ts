import type { World } from '@millrace/world';
import type { QueryAnswer, QueryEngine } from '../metadata-extraction.ts';
import { JqThread } from './jq-thread.ts';
import type { ToJq } from './jq-worker.ts';

/** Threads at once: jq is built with 256 MiB at most, which a query may ask for, and holds them until its thread ends. */
const mostThreads = 2;
/** How long a call may take. */
export interface JqLimits {
  /** For all texts; then each is tried by itself. */
  readonly callMs: number;
  readonly textMs: number;
}

/** Tens of milliseconds, on a machine that has nothing else to do. */
const startMs = 60_000;
const usualLimits: JqLimits = { callMs: 10_000, textMs: 3000 };
/** Of a call: when so many texts' whole time has gone to those that broke it, the rest is not tried. */
const mostEndless = 3;
/** What a text that breaks jq at once, as one that is nested too deeply does, takes of that time: another thread has to start. */
const breakMs = 50;

interface Called {
  /** Undefined where there was none, or none in time. */
  readonly answer: { readonly value: unknown } | undefined;
  /** Without what it waited for a thread. */
  readonly tookMs: number;
}

const tooMuch: QueryAnswer = { error: 'The query took too long, or more memory than it may have.' };

/** jq in threads of its own, which end when a query does not, or asks for too much. */
export function openJqEngine(world: Pick<World, 'clock'>, { callMs, textMs } = usualLimits): QueryEngine {
  const threads = new Threads(world);
  const call = async (message: ToJq, limitMs: number): Promise<Called> => {
    const thread = await threads.take();
    const begunMs = world.clock.monotonicMs();
    const answer = await thread.call(message, world, limitMs);
    threads.giveBack(thread, answer !== undefined);
    return { answer, tookMs: world.clock.monotonicMs() - begunMs };
  };
  return {
    async check(query) {
      const { answer } = await call({ type: 'check', query }, callMs);
      return answer === undefined ? 'it takes too long to read' : (answer.value as string | undefined);
    },
    async run(query, texts) {
      const { answer: all } = await call({ type: 'run', query, texts }, callMs);
      if (all !== undefined) return all.value as QueryAnswer[];
      const answers: QueryAnswer[] = [];
      let leftMs = mostEndless * textMs;
      for (const text of texts) {
        if (leftMs <= 0) {
          answers.push(tooMuch);
          continue;
        }
        const { answer: one, tookMs } = await call({ type: 'run', query, texts: [text] }, textMs);
        if (one === undefined) leftMs -= Math.max(tookMs, breakMs);
        answers.push((one?.value as QueryAnswer[] | undefined)?.[0] ?? tooMuch);
      }
      return answers;
    },
    stop: () => threads.stop(),
  };
}

class Threads {
  readonly #idle: JqThread[] = [];
  readonly #all = new Set<JqThread>();
  readonly #waiting: ((thread: Promise<JqThread>) => void)[] = [];
  #isStopped = false;
  readonly #world: Pick<World, 'clock'>;

  constructor(world: Pick<World, 'clock'>) {
    this.#world = world;
  }

  /** Rejects when the engine has stopped. */
  take(): Promise<JqThread> {
    if (this.#isStopped) return Promise.reject(stopped());
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    if (this.#all.size < mostThreads) return this.#start();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveBack(thread: JqThread, isUsable: boolean): void {
    if (!isUsable) {
      this.#all.delete(thread);
      void thread.end();
    }
    if (this.#isStopped) return;
    const next = this.#waiting.shift();
    if (next !== undefined) next(isUsable ? Promise.resolve(thread) : this.#start());
    else if (isUsable) this.#idle.push(thread);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const waiting of this.#waiting.splice(0)) waiting(Promise.reject(stopped()));
    await Promise.all([...this.#all].map((thread) => thread.end()));
  }

  /** Resolves when jq is loaded: a call's time does not begin before. */
  async #start(): Promise<JqThread> {
    const thread = new JqThread();
    this.#all.add(thread);
    const loaded = await thread.call({ type: 'check', query: '.' }, this.#world, startMs);
    if (loaded !== undefined) return thread;
    this.giveBack(thread, false);
    throw new Error('jq cannot be loaded');
  }
}

function stopped(): Error {
  return new Error('jq has stopped');
}
