import type { Registry, ShardLog } from '@millrace/log';
import { resultOf } from '@millrace/model';
import type { Outcome } from '@millrace/model';
import type { Timer, World } from '@millrace/world';
import type { Command } from './changes.ts';
import { openCodeStore } from './code/code-store.ts';
import type { DeclaredFunction } from './declared.ts';
import { EventQueues } from './events/event-queues.ts';
import type { Invoker } from './invoker.ts';
import type { FailureDestinations } from './mappings/failure-destinations.ts';
import { Mappings } from './mappings/mappings.ts';
import type { SourceStreams } from './mappings/source.ts';
import type { Functions, Settings } from './service.ts';
import type { FunctionsState } from './state.ts';

export interface FunctionsOptions {
  readonly world: World;
  /** Shared with Data Streams. */
  readonly log: ShardLog;
  /** Opened with functionsMachine. */
  readonly registry: Registry<FunctionsState, Command, Outcome>;
  /** Where functions' code is kept. */
  readonly codeDirectory: string;
  readonly declared: readonly DeclaredFunction[];
  readonly invoker: Invoker;
  readonly sources: SourceStreams;
  readonly destinations: FailureDestinations;
  readonly settings: Settings;
  /** Tells of a fault that no caller is answered for. */
  report(message: string, error: unknown): void;
}

export interface OpenFunctions {
  readonly service: Functions;
  metrics(): Readonly<Record<string, number>>;
  /** Ends what runs; the log and the registry are the caller's to stop after that. */
  stop(): Promise<void>;
}

/** Starts the service on an open log and registry: claims its shards of the log, and goes on with what was pending. */
export async function openFunctions(options: FunctionsOptions): Promise<OpenFunctions> {
  const { world, log, registry, settings, invoker, sources, destinations, report } = options;
  const { state } = registry;
  const used = [...state.functions.values()].map(({ code }) => code);
  const events = new EventQueues();
  const mappings = new Mappings();
  const service: Functions = {
    world,
    log,
    settings,
    state,
    invoker,
    events,
    sources,
    destinations,
    report,
    code: await openCodeStore(world, options.codeDirectory, used),
    declared: new Map(options.declared.map((one) => [one.name, one])),
    async change<Result>(command: Command): Promise<Result> {
      return resultOf(await registry.execute(command)) as Result;
    },
  };
  const pending = new PendingChanges(service);
  registry.onApplied((command) => {
    if (quietCommands.has(command.type)) return;
    if (command.type === 'CreateMapping') mappings.watch(command.mapping.uuid);
    else if ('uuid' in command) mappings.watch(command.uuid);
    else if (command.type === 'CreateFunction') pending.watch(`${command.account}:${command.region}:${command.name}`);
    else if ('key' in command) {
      pending.watch(command.key);
      invoker.retire(command.key);
      if (!state.functions.has(command.key)) pending.after(forgetEvents(service, command.key));
      pending.sweepSoon();
    }
  });
  for (const key of state.functions.keys()) pending.watch(key);
  await events.start(service);
  mappings.start(service);
  return {
    service,
    metrics: () => ({
      functions: state.functions.size,
      ...invoker.metrics(),
      ...events.counters,
      ...mappings.metrics(),
    }),
    async stop() {
      await Promise.all([mappings.stop(), events.stop(), pending.stop(), invoker.stop()]);
    },
  };
}

/** What changes nothing that anybody waits for. */
const quietCommands: ReadonlySet<Command['type']> = new Set([
  'EventsDone',
  'FinishPending',
  'MappingProgress',
  'OpenQueue',
]);

async function forgetEvents({ events, report }: Functions, key: string): Promise<void> {
  try {
    await events.forget(key);
  } catch (error) {
    report(`the events of ${key} are not removed before the next start`, error);
  }
}

const retryMs = 1000;
/** The longest that a function runs: no worker is at older code after that. */
const sweepMs = 900_000;

/** Ends Pending and InProgress when they are due. What is due stands in the state, so a restart goes on where it stopped. */
class PendingChanges {
  readonly #service: Functions;
  readonly #timers = new Map<string, Timer>();
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;
  #isSweeping = false;

  constructor(service: Functions) {
    this.#service = service;
  }

  watch(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    const dueMs = this.#service.state.functions.get(key)?.dueMs;
    if (dueMs !== undefined) this.#at(key, Math.max(0, dueMs - this.#service.world.clock.now()));
  }

  /** Code that nothing uses any more is removed some time later. */
  sweepSoon(): void {
    if (this.#isSweeping || this.#isStopped) return;
    this.#isSweeping = true;
    this.after(this.#sweep());
  }

  /** Waited for by `stop`. */
  after(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.all(this.#running);
  }

  async #sweep(): Promise<void> {
    const { world, state, code, report } = this.#service;
    try {
      this.#isSweeping = await code.sweep([...state.functions.values()].map((one) => one.code));
    } catch (error) {
      report('code that is not in use is not removed', error);
    }
    if (!this.#isSweeping || this.#isStopped) return;
    this.#timers.set(
      'sweep',
      world.clock.setTimer(sweepMs, () => this.after(this.#sweep())),
    );
  }

  #at(key: string, delayMs: number): void {
    if (this.#isStopped) return;
    const timer = this.#service.world.clock.setTimer(delayMs, () => this.after(this.#finish(key)));
    this.#timers.set(key, timer);
  }

  async #finish(key: string): Promise<void> {
    const { world, change, report } = this.#service;
    try {
      await change({ type: 'FinishPending', atMs: world.clock.now(), key });
      this.watch(key);
    } catch (error) {
      report(`the change of ${key} is tried again`, error);
      this.#at(key, retryMs);
    }
  }
}
