import { ByteBudget } from '@millrace/world';
import type { Timer } from '@millrace/world';
import type { Functions } from '../service.ts';
import { MappingRunner } from './mapping-runner.ts';
import type { LaneCounters } from './lane.ts';

/** What all batches that are with functions hold at once. */
const memoryBytes = 128 << 20;
const retryMs = 1000;

/** Runs the mappings that are Enabled, and ends what is pending when it is due. */
export class Mappings {
  readonly counters: LaneCounters = { batches: 0, records: 0, failures: 0, discarded: 0 };
  readonly #memory = new ByteBudget(memoryBytes);
  readonly #runners = new Map<string, MappingRunner>();
  readonly #timers = new Map<string, Timer>();
  /** What is under way for a mapping; the next waits for it. */
  readonly #steps = new Map<string, Promise<void>>();
  #service: Functions | undefined;
  #isStopped = false;

  start(service: Functions): void {
    this.#service = service;
    for (const uuid of service.state.mappings.keys()) this.watch(uuid);
  }

  /** Looks at a mapping anew: after every change of it, and once for each at the start. */
  watch(uuid: string): void {
    const step = (this.#steps.get(uuid) ?? Promise.resolve()).then(() => this.#look(uuid));
    this.#steps.set(uuid, step);
    void step.finally(() => {
      if (this.#steps.get(uuid) === step) this.#steps.delete(uuid);
    });
  }

  metrics(): Record<string, number> {
    const { batches, records, failures, discarded } = this.counters;
    return {
      mappings: this.#service?.state.mappings.size ?? 0,
      mappingBatches: batches,
      mappingRecords: records,
      mappingFailures: failures,
      mappingDiscarded: discarded,
    };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
    await Promise.all(this.#steps.values());
  }

  async #look(uuid: string): Promise<void> {
    const service = this.#service!;
    this.#timers.get(uuid)?.cancel();
    this.#timers.delete(uuid);
    if (this.#isStopped) return;
    const mapping = service.state.mappings.get(uuid);
    const runner = this.#runners.get(uuid);
    if (mapping?.state === 'Enabled') {
      if (runner === undefined) {
        const shared = { service, memory: this.#memory, counters: this.counters };
        this.#runners.set(uuid, new MappingRunner(shared, mapping));
      }
    } else if (runner !== undefined) {
      this.#runners.delete(uuid);
      await runner.stop();
    }
    if (mapping?.dueMs !== undefined) this.#at(uuid, Math.max(0, mapping.dueMs - service.world.clock.now()));
  }

  #at(uuid: string, delayMs: number): void {
    if (this.#isStopped) return;
    const { world, change, report } = this.#service!;
    const finish = (): void => {
      change({ type: 'FinishMapping', atMs: world.clock.now(), uuid }).catch((error: unknown) => {
        report(`the change of mapping ${uuid} is tried again`, error);
        this.#at(uuid, retryMs);
      });
    };
    this.#timers.set(uuid, world.clock.setTimer(delayMs, finish));
  }
}
