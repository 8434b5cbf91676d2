import { ByteBudget } from '@millrace/world';
import { keyOf } from '../delivery-stream-lookup.ts';
import type { Firehose } from '../service.ts';
import type { DeliveryStream } from '../state.ts';
import { TopicReader } from '../topics/topic-reader.ts';
import { Deliverer } from './deliverer.ts';
import type { DeliveryCounters } from './deliverer.ts';

const retryMs = 1000;

/**
 * Keeps a deliverer for each delivery stream that delivers, and carries out what is pending when it is due. What is due
 * stands in the state, so a restart goes on where the server stopped.
 */
export class Deliverers {
  readonly #service: Firehose;
  readonly #memory: ByteBudget;
  readonly #running = new Map<string, Deliverer>();
  readonly #reading = new Map<string, TopicReader>();
  readonly #timers = new Map<string, { cancel(): void }>();
  readonly #steps = new Map<string, Promise<void>>();
  readonly counters: DeliveryCounters = { objects: 0, records: 0, bytes: 0, failures: 0, expired: 0 };
  #stopped = false;

  constructor(service: Firehose) {
    this.#service = service;
    this.#memory = new ByteBudget(service.settings.deliveryBytes);
  }

  /** Looks at a delivery stream anew: after every change of it, and once for each at the start. */
  watch(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    const stream = this.#service.state.deliveryStreams.get(key);
    if (stream === undefined || this.#stopped) return;
    if (stream.status === 'ACTIVE' && !this.#running.has(key)) {
      const options = { service: this.#service, key, memory: this.#memory, counters: this.counters };
      this.#running.set(key, new Deliverer(options));
      if (stream.topic !== undefined) this.#reading.set(key, new TopicReader(this.#service, key));
    }
    if (stream.dueMs !== undefined && !this.#steps.has(key)) this.#after(key, this.#untilDue(stream.dueMs));
  }

  /** Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.all([...this.#reading.values(), ...this.#running.values()].map((each) => each.stop()));
    await Promise.all(this.#steps.values());
  }

  /** Never longer than a transition takes: the clock may have stepped back since it began. */
  #untilDue(dueMs: number): number {
    const { world, settings } = this.#service;
    return Math.min(settings.transitionMs, Math.max(0, dueMs - world.clock.now()));
  }

  #after(key: string, delayMs: number): void {
    this.#timers.set(
      key,
      this.#service.world.clock.setTimer(delayMs, () => {
        if (!this.#steps.has(key) && !this.#stopped) this.#steps.set(key, this.#step(key));
      }),
    );
  }

  async #step(key: string): Promise<void> {
    let isDone = true;
    try {
      const stream = this.#service.state.deliveryStreams.get(key);
      if (stream !== undefined) await this.#finish(stream);
    } catch (error) {
      isDone = false;
      this.#service.report(`a change of ${key} is tried again`, error);
    }
    this.#steps.delete(key);
    if (isDone) this.watch(key);
    else if (!this.#stopped) this.#after(key, retryMs);
  }

  async #finish(stream: DeliveryStream): Promise<void> {
    const { log, world, rates, metrics } = this.#service;
    const key = keyOf(stream);
    const { status } = stream;
    const isDeletion = status === 'DELETING';
    if (isDeletion) {
      await Promise.all([this.#reading.get(key)?.stop(), this.#running.get(key)?.stop()]);
      this.#reading.delete(key);
      this.#running.delete(key);
    }
    // Before it is ACTIVE: the first put may come at once.
    if (status === 'CREATING') await log.create(stream.logId);
    await this.#service.change({ type: 'FinishPending', atMs: world.clock.now(), deliveryStream: key, status });
    if (!isDeletion) return;
    await log.delete(stream.logId);
    rates.forget(stream.logId);
    metrics.forget(stream.logId);
  }
}
