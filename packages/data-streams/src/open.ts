import { resultOf } from '@millrace/model';
import type { Outcome } from '@millrace/model';
import type { Registry, ShardLog } from '@millrace/log';
import type { ByteBudget, World } from '@millrace/world';
import { Sessions } from './fanout/sessions.ts';
import { createIteratorCodec } from './iterators/create-iterator-codec.ts';
import { createLimits } from './limits/create-limits.ts';
import type { Command } from './changes.ts';
import { startScaling } from './on-demand/scaling.ts';
import { Traffic } from './on-demand/traffic.ts';
import { Metrics } from './metrics/stream-metrics.ts';
import type { Sample } from './metrics/stream-metrics.ts';
import { startRetention } from './retention.ts';
import type { DataKeys, DataStreams, Settings } from './service.ts';
import type { StreamsState } from './state.ts';
import { Transitions } from './transitions.ts';

export interface DataStreamsOptions {
  readonly world: World;
  readonly log: ShardLog;
  /** Opened with streamsMachine. */
  readonly registry: Registry<StreamsState, Command, Outcome>;
  readonly keys: DataKeys;
  /** 32 bytes that outlive restarts. */
  readonly iteratorKey: Buffer;
  readonly settings: Settings;
  /** Bytes of records on their way to readers: who finds it spent waits. */
  readonly answers: ByteBudget;
  /** Faults of ours that no caller is answered for. */
  report(error: unknown): void;
}

export interface OpenDataStreams {
  readonly service: DataStreams;
  metrics(): Readonly<Record<string, number>>;
  /** What CloudWatch would tell of each stream. */
  samples(): Iterable<Sample>;
  /** Ends the pushes and the work in the background; the log and the registry are the caller's to stop after that. */
  stop(): Promise<void>;
}

/** Starts the service on an open log and registry: names every shard to the log, and goes on with what was pending. */
export async function openDataStreams(options: DataStreamsOptions): Promise<OpenDataStreams> {
  const { world, log, registry, settings, report } = options;
  const sessions = new Sessions();
  const waiting = new Map<string, Set<() => void>>();
  const service: DataStreams = {
    world,
    log,
    settings,
    state: registry.state,
    limits: createLimits(settings.limits, world),
    fanout: sessions,
    iterators: createIteratorCodec(options.iteratorKey),
    keys: options.keys,
    traffic: new Traffic(),
    metrics: new Metrics(),
    answers: options.answers,
    report,
    async change<Result>(command: Command): Promise<Result> {
      return resultOf(await registry.execute(command)) as Result;
    },
    nextChange: (key, timeoutMs) => waitForChange(world, waiting, key, timeoutMs),
  };
  for (const stream of registry.state.streams.values()) {
    if (stream.status === 'CREATING') continue;
    for (const { logId } of stream.shards.values()) await log.create(logId);
  }
  const transitions = new Transitions(service, report);
  registry.onApplied((command) => {
    if (!('stream' in command)) {
      if (command.type === 'CreateStream') transitions.watch(`${command.account}:${command.region}:${command.name}`);
      return;
    }
    // Children are appendable before the put that waits for them looks again.
    if (command.type === 'CompleteReshardStep')
      for (const { logId, closed } of registry.state.streams.get(command.stream)?.shards.values() ?? [])
        if (closed === undefined) void log.create(logId);
    transitions.watch(command.stream);
    for (const wake of waiting.get(command.stream) ?? []) wake();
  });
  for (const key of registry.state.streams.keys()) transitions.watch(key);
  const background = [startRetention(service, report), startScaling(service, report), transitions];
  return {
    service,
    metrics: () => ({ streams: registry.state.streams.size, fanoutSessions: sessions.openSessions }),
    samples: () => service.metrics.samples(),
    async stop() {
      sessions.endAll();
      await Promise.all(background.map((work) => work.stop()));
    },
  };
}

function waitForChange(
  world: World,
  waiting: Map<string, Set<() => void>>,
  key: string,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const wakers = waiting.get(key) ?? new Set();
    waiting.set(key, wakers);
    const finish = (): void => {
      timer.cancel();
      wakers.delete(finish);
      if (wakers.size === 0) waiting.delete(key);
      resolve();
    };
    const timer = world.clock.setTimer(timeoutMs, finish);
    wakers.add(finish);
  });
}
