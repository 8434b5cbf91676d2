import type { World } from '@millrace/world';
import { serviceFault, tooManyRequests } from '../errors.ts';
import type { Call, Invoked } from '../invoker.ts';
import { timedOut } from './failures.ts';

/** Beyond these a call is refused: each holds its payload for as long as the other side takes. */
const mostCalls = 1000;
const mostBytes = 256 << 20;

/** Calls of functions that run elsewhere: bounded in number, in bytes and in time, and ended when the server stops. */
export class RemoteCalls {
  readonly #world: Pick<World, 'clock'>;
  #calls = 0;
  #bytes = 0;

  constructor(world: Pick<World, 'clock'>) {
    this.#world = world;
  }

  /**
   * Runs a call until the function's timeout, which is its failure, as a worker's is. Throws TooManyRequestsException where too
   * many run, and ServiceException when `stopping` fires.
   */
  async run(call: Call, stopping: AbortSignal, send: (signal: AbortSignal) => Promise<Invoked>): Promise<Invoked> {
    const { payload, runnable, requestId } = call;
    const { timeoutMs } = runnable;
    if (this.#calls >= mostCalls || this.#bytes + payload.length > mostBytes) throw tooManyRequests();
    if (stopping.aborted) throw serviceFault('The server is stopping.');
    this.#calls += 1;
    this.#bytes += payload.length;
    const late = new AbortController();
    const timer = this.#world.clock.setTimer(timeoutMs, () => late.abort());
    try {
      return await send(AbortSignal.any([stopping, late.signal]));
    } catch (error) {
      if (!late.signal.aborted) throw error;
      return { ...timedOut(requestId, timeoutMs), logTail: Buffer.alloc(0) };
    } finally {
      timer.cancel();
      this.#calls -= 1;
      this.#bytes -= payload.length;
    }
  }
}
