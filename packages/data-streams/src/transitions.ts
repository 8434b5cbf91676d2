import type { Change } from './change.ts';
import { completeReshardStep } from './reshard/complete.ts';
import type { DataStreams } from './service.ts';
import type { Stream } from './state.ts';
import { streamAt } from './stream-lookup.ts';

interface OfStream {
  readonly atMs: number;
  readonly stream: string;
}

export interface FinishPendingCommand extends OfStream {
  readonly type: 'FinishPending';
}

/** What was pending has happened: the stream is ACTIVE, under a new key where that was it. */
export const finishPendingChange: Change<FinishPendingCommand> = {
  type: 'FinishPending',
  apply(state, { stream: key }) {
    const stream = streamAt(state, key);
    const { pending } = stream;
    if (pending === undefined || pending.type === 'delete') return;
    if (pending.type === 'encrypt') {
      const { keyId, keyRef } = pending;
      stream.encryption = { type: keyRef === 0 ? 'NONE' : 'KMS', keyId, keyRef };
    }
    stream.pending = undefined;
    stream.status = 'ACTIVE';
  },
};

export interface FinishDeletionCommand extends OfStream {
  readonly type: 'FinishDeletion';
}

export const finishDeletionChange: Change<FinishDeletionCommand> = {
  type: 'FinishDeletion',
  apply(state, { stream: key }) {
    const stream = state.streams.get(key);
    if (stream === undefined) return;
    state.streams.delete(key);
    state.policies.delete(stream.arn);
    for (const { arn } of stream.consumers.values()) state.policies.delete(arn);
  },
};

export interface FinishConsumerCommand extends OfStream {
  readonly type: 'FinishConsumer';
  readonly name: string;
}

export const finishConsumerChange: Change<FinishConsumerCommand> = {
  type: 'FinishConsumer',
  apply(state, { stream: key, name }) {
    const stream = state.streams.get(key);
    const consumer = stream?.consumers.get(name);
    if (stream === undefined || consumer === undefined) return;
    if (consumer.status === 'DELETING') {
      stream.consumers.delete(name);
      state.policies.delete(consumer.arn);
    } else consumer.status = 'ACTIVE';
  },
};

const retryMs = 1000;

/**
 * Carries out what is pending when it is due: CREATING, UPDATING and DELETING end here. What is due stands in the state, so
 * a restart goes on where the server stopped, and a step that failed is tried again.
 */
export class Transitions {
  readonly #service: DataStreams;
  readonly #report: (error: unknown) => void;
  readonly #timers = new Map<string, { cancel(): void }>();
  readonly #busy = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(service: DataStreams, report: (error: unknown) => void) {
    this.#service = service;
    this.#report = report;
  }

  /** Looks at a stream anew: after every change of it, and once for each at the start. */
  watch(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    const stream = this.#service.state.streams.get(key);
    if (stream === undefined || this.#stopped || this.#busy.has(key)) return;
    const due = earliestDue(stream);
    if (due !== undefined) this.#after(key, due - this.#service.world.clock.now());
  }

  /** Resolves when no step is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.all(this.#busy.values());
  }

  #after(key: string, delayMs: number): void {
    this.#timers.set(
      key,
      this.#service.world.clock.setTimer(Math.max(0, delayMs), () => {
        if (!this.#busy.has(key) && !this.#stopped) this.#busy.set(key, this.#run(key));
      }),
    );
  }

  async #run(key: string): Promise<void> {
    let failed = false;
    try {
      await this.#step(key);
    } catch (error) {
      failed = true;
      this.#report(error);
    }
    this.#busy.delete(key);
    if (failed && !this.#stopped) this.#after(key, retryMs);
    else this.watch(key);
  }

  async #step(key: string): Promise<void> {
    const { state, world, log, limits } = this.#service;
    const stream = state.streams.get(key);
    if (stream === undefined) return;
    const atMs = world.clock.now();
    for (const consumer of [...stream.consumers.values()]) {
      if (consumer.status !== 'ACTIVE' && consumer.dueMs <= atMs)
        await this.#service.change({ type: 'FinishConsumer', atMs, stream: key, name: consumer.name });
    }
    const { pending } = stream;
    if (pending === undefined || pending.dueMs > atMs) return;
    if (pending.type === 'reshard') return completeReshardStep(this.#service, stream);
    if (pending.type === 'delete') {
      const shards = [...stream.shards.values()];
      await this.#service.change({ type: 'FinishDeletion', atMs, stream: key });
      this.#service.metrics.forget(stream);
      for (const { logId } of shards) {
        await log.delete(logId);
        limits.forget(logId);
      }
      return;
    }
    for (const { logId } of stream.shards.values()) await log.create(logId);
    await this.#service.change({ type: 'FinishPending', atMs, stream: key });
  }
}

function earliestDue(stream: Stream): number | undefined {
  let due = stream.pending?.dueMs;
  for (const { status, dueMs } of stream.consumers.values()) {
    if (status !== 'ACTIVE') due = Math.min(due ?? Infinity, dueMs);
  }
  return due;
}
