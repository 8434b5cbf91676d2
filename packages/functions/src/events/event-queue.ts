import { AwsError } from '@millrace/model';
import { runnableOf } from '../function-lookup.ts';
import type { FunctionName } from '../names.ts';
import type { Functions } from '../service.ts';

/** AWS's: two retries of an event that the function failed on, a minute and then two minutes later; six hours for all else. */
const retryDelaysMs = [60_000, 120_000];
const mostAgeMs = 6 * 3_600_000;
const firstFaultDelayMs = 1000;
const mostFaultDelayMs = 300_000;
/** How far events are looked at beyond the oldest that is not done. Only their indices are held. */
const windowEvents = 1000;

export interface EventCounters {
  events: number;
  /** Given up: after their retries, or too old. */
  dropped: number;
}

export interface QueueOptions {
  readonly service: Functions;
  readonly name: FunctionName;
  readonly logId: number;
  readonly counters: EventCounters;
  /** Bounds the events of all functions that run at once. */
  readonly slots: { take(key: string): Promise<void>; give(): void };
}

/**
 * The events of one function: each is run until it succeeded, its retries are used up or it is too old; in no order, as AWS has
 * it. An event counts as done only then, so that a restart runs it again rather than never.
 */
export class EventQueue {
  readonly #options: QueueOptions;
  readonly #done = new Set<number>();
  readonly #running = new Set<Promise<void>>();
  readonly #wakers = new Set<() => void>();
  #started: number;
  #committing: Promise<void> | undefined;
  #isStopped = false;
  #looking = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#started = this.#position();
    this.look();
  }

  /** Starts what has come. */
  look(): void {
    if (this.#looking || this.#isStopped || this.#position() === Infinity) return;
    const { service, logId } = this.#options;
    const end = service.log.status(logId)?.nextIndex ?? 0;
    this.#looking = true;
    while (this.#started < Math.min(end, this.#position() + windowEvents)) {
      const run = this.#run(this.#started);
      this.#running.add(run);
      void run.finally(() => this.#running.delete(run));
      this.#started += 1;
    }
    this.#looking = false;
  }

  /** Resolves when nothing is under way; what waits for a retry is left for the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const wake of this.#wakers) wake();
    await Promise.all(this.#running);
    await this.#committing;
  }

  #position(): number {
    const { service, name, logId } = this.#options;
    const queue = service.state.queues.get(name.key);
    return queue?.logId === logId ? queue.position : Infinity;
  }

  async #run(index: number): Promise<void> {
    const { service, slots, counters, name } = this.#options;
    let attempts = 0;
    let faultDelayMs = firstFaultDelayMs;
    while (!this.#isStopped) {
      await slots.take(name.key);
      let outcome: 'done' | 'failed' | 'fault';
      try {
        outcome = this.#isStopped ? 'fault' : await this.#attempt(index);
      } catch (error) {
        if (!(error instanceof AwsError)) service.report(`an event of ${name.arn} is tried again`, error);
        outcome = 'fault';
      } finally {
        slots.give();
      }
      if (outcome === 'done') break;
      if (outcome === 'failed') {
        const delayMs = retryDelaysMs[attempts];
        attempts += 1;
        if (delayMs === undefined) {
          counters.dropped += 1;
          service.report(`an event of ${name.arn} is given up after ${attempts} attempts`, undefined);
          break;
        }
        await this.#pause(delayMs);
      } else {
        await this.#pause(faultDelayMs);
        faultDelayMs = Math.min(faultDelayMs * 2, mostFaultDelayMs);
      }
    }
    if (!this.#isStopped) this.#finish(index);
  }

  async #attempt(index: number): Promise<'done' | 'failed'> {
    const { service, name, logId, counters } = this.#options;
    const { records } = await service.log.read(logId, index, { maxRecords: 1, maxBytes: 1 });
    const [record] = records;
    // Done before, and trimmed since.
    if (record?.index !== index) return 'done';
    if (service.world.clock.now() - record.arrivalMs > mostAgeMs) {
      counters.dropped += 1;
      service.report(`an event of ${name.arn} is given up: it is too old`, undefined);
      return 'done';
    }
    const runnable = runnableOf(service, name);
    const payload = Buffer.from(record.data);
    const { functionError } = await service.invoker.invoke({ requestId: record.partitionKey, runnable, payload });
    if (functionError !== undefined) return 'failed';
    counters.events += 1;
    return 'done';
  }

  #finish(index: number): void {
    this.#done.add(index);
    this.#commitSoon();
  }

  #commitSoon(): void {
    this.#committing ??= this.#commit().then((isKept) => {
      this.#committing = undefined;
      // What was done while the last look ended.
      if (isKept && this.#done.has(this.#position())) this.#commitSoon();
    });
  }

  /** Moves the position over all that is done, one change at a time. Resolves with whether that is kept. */
  async #commit(): Promise<boolean> {
    const { service, name, logId } = this.#options;
    const { clock } = service.world;
    try {
      for (;;) {
        const before = this.#position();
        let position = before;
        while (this.#done.has(position)) position += 1;
        if (position === before || position === Infinity) return true;
        await service.change({ type: 'EventsDone', atMs: clock.now(), key: name.key, logId, position });
        for (let index = before; index < position; index += 1) this.#done.delete(index);
        if (service.log.status(logId)?.nextIndex === position) await service.log.trim(logId, clock.now());
        this.look();
      }
    } catch (error) {
      // The next event that is done tries again.
      service.report(`the position of the events of ${name.arn} is not kept`, error);
      return false;
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        this.#wakers.delete(finish);
        resolve();
      };
      const timer = this.#options.service.world.clock.setTimer(delayMs, finish);
      this.#wakers.add(finish);
      if (this.#isStopped) finish();
    });
  }
}
