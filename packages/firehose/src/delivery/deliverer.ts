import { pause } from '@millrace/world';
import type { ByteBudget } from '@millrace/world';
import { kindOf } from '../destinations/kinds.ts';
import { processingBytes } from '../processing/processing.ts';
import { stepsOf } from '../processing/steps.ts';
import { orStopped } from '../or-stopped.ts';
import type { Firehose } from '../service.ts';
import { cursorsOf, goneShards, SourceReading, typeOf } from '../source.ts';
import type { DeliveryStream } from '../state.ts';
import { Attempt } from './attempt.ts';
import { DeliveryError } from './delivery-error.ts';
import { Delivery } from './delivery.ts';
import { dueWindow } from './window.ts';
import type { Hints, Window } from './window.ts';

/** Beside the data: a compressor, a page. */
const windowBytes = 2 << 20;
/** Beside its data, of each record that is held by itself. */
const recordBytes = 512;
const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** What an object that is on its way when delivery stops may still take. */
const graceMs = 10_000;
/** And what does not hear that it is given up: a disk, or a program that is asked for credentials, hangs for ever. */
const deafMs = 1000;
const mostDoublings = 7;
/** How soon a reshard of a stream that is read is noticed, and where records are put directly that hints were updated. */
const lookAgainMs = { stream: 500, direct: 5000 };
/** "Data is kept for 24 hours": what could not be delivered by then is lost, as at AWS. */
const keptMs = 86_400_000;

/** Counted since the server began. */
export interface DeliveryCounters {
  objects: number;
  records: number;
  bytes: number;
  failures: number;
  /** Records that expired before they could be delivered. */
  expired: number;
}

export interface DelivererOptions {
  readonly service: Firehose;
  /** The delivery stream's. */
  readonly key: string;
  /** What is under way holds its part of it. */
  readonly memory: ByteBudget;
  readonly counters: DeliveryCounters;
}

/**
 * Delivers a delivery stream's records, object by object in the order of arrival, for as long as it runs. A record is
 * delivered at least once: its object is at the destination before the position behind it is recorded, and after a crash
 * delivery goes on at the recorded position.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #stopping = new AbortController();
  readonly #givingUp = new AbortController();
  readonly #leaving = new AbortController();
  readonly #running: Promise<void>;
  #attempt: Attempt | undefined;
  readonly #reading: SourceReading | undefined;
  /** How many buffers in a row were full as soon as they were looked at. */
  #fullAtOnce = 0;
  #failuresInARow = 0;

  constructor(options: DelivererOptions) {
    this.#options = options;
    const { readBudget, world } = options.service;
    this.#reading = readBudget && new SourceReading(readBudget, world.clock);
    this.#running = this.#run();
  }

  /**
   * Resolves when nothing is under way any more; a store that hangs is waited for a moment only. What was not delivered is
   * delivered after the next start.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { clock } = this.#options.service.world;
    const timers = [
      clock.setTimer(graceMs, () => this.#givingUp.abort()),
      clock.setTimer(graceMs + deafMs, () => this.#leaving.abort()),
    ];
    await this.#running;
    for (const timer of timers) timer.cancel();
  }

  get #stream(): DeliveryStream | undefined {
    return this.#options.service.state.deliveryStreams.get(this.#options.key);
  }

  async #run(): Promise<void> {
    const { service, counters } = this.#options;
    while (!this.#stopping.signal.aborted && this.#stream !== undefined) {
      try {
        await this.#deliverNext(this.#stream);
        this.#failuresInARow = 0;
      } catch (error) {
        counters.failures += 1;
        const code = error instanceof DeliveryError ? ` (${error.code})` : '';
        service.report(`delivery of ${this.#options.key} failed${code} and is tried again`, error);
        await this.#pause();
      }
    }
  }

  async #deliverNext(stream: DeliveryStream): Promise<void> {
    const { service, memory, counters } = this.#options;
    const { log, world } = service;
    // A stream that is read keeps its records itself; of a topic no more is here than can be delivered soon.
    if (typeOf(stream) === 'DirectPut') await log.trim(stream.logId, world.clock.now() - keptMs);
    await this.#passExpired(stream);
    const attempt = (await this.#begun(stream)) ?? (await this.#next(stream));
    if (attempt === undefined) return;
    this.#attempt = attempt;
    const { window } = attempt;
    const expired = expiredBefore(stream, window);
    const { destination } = attempt;
    const kind = kindOf(destination);
    const steps = stepsOf(kind.processing?.(destination), { isPartitioned: true, destination: destination.type });
    let held =
      window.bytes * kind.copies + windowBytes + ownBytes(window, kind.hints(destination)) + processingBytes(steps);
    await memory.acquire(held);
    const letGo = (): void => {
      memory.release(held);
      held = 0;
    };
    try {
      // Those that wait for room when delivery stops begin nothing any more.
      if (this.#stopping.signal.aborted) return;
      await orStopped(this.#deliver(stream, attempt, letGo), this.#leaving.signal);
      if (this.#leaving.signal.aborted) throw new Error('delivery stops');
    } finally {
      letGo();
    }
    const gone = goneShards(service, stream);
    this.#reading?.forget(gone);
    await service.change({
      type: 'Delivered',
      atMs: world.clock.now(),
      deliveryStream: this.#options.key,
      positions: Object.fromEntries(window.spans.map(({ logId, to }) => [logId, to])),
      gone,
    });
    this.#attempt = undefined;
    this.#countExpired(expired);
    counters.objects += 1;
    counters.records += recordsOf(window);
    counters.bytes += window.bytes;
    const delivered = stream.positions[stream.logId];
    if (delivered !== undefined) await trimBefore(service, stream.logId, delivered);
  }

  /** What was tried before, where it would be the same object again. */
  async #begun({ version }: DeliveryStream): Promise<Attempt | undefined> {
    const { log } = this.#options.service;
    if (this.#attempt?.version !== version) return undefined;
    for (const { logId, from } of this.#attempt.window.spans) {
      const { records } = await log.read(logId, from, { maxRecords: 1, maxBytes: 1 });
      if (records[0]?.index !== from) return undefined;
    }
    return this.#attempt;
  }

  /** Waits until records are due; undefined when delivery stops first. */
  async #next(stream: DeliveryStream): Promise<Attempt | undefined> {
    const { service } = this.#options;
    const { world, log } = service;
    const window = await dueWindow({
      world,
      log,
      hints: () => this.#hintsOf(stream),
      cursors: (upTo) => cursorsOf(service, stream, upTo),
      reading: stream.source && this.#reading,
      lookAgainMs: stream.source === undefined ? lookAgainMs.direct : lookAgainMs.stream,
      stop: this.#stopping.signal,
    });
    if (window === undefined) return undefined;
    this.#fullAtOnce = window.isBehind ? this.#fullAtOnce + 1 : 0;
    if (stream.source !== undefined) {
      const metrics = service.metrics.of(stream);
      metrics.count('DataReadFromKinesisStream.Bytes', window.bytes);
      metrics.count('DataReadFromKinesisStream.Records', recordsOf(window));
      // Reading stands still from the moment a window is due until it is delivered.
      const dueMs = world.clock.monotonicMs();
      metrics.set('KinesisMillisBehindLatest', () =>
        this.#attempt === undefined ? 0 : world.clock.monotonicMs() - dueMs,
      );
    }
    return new Attempt(stream, window, world);
  }

  /**
   * "When data delivery to the destination falls behind, Firehose raises the buffer size dynamically to catch up": twice as much
   * with each buffer after the first that is full as soon as it is looked at, as far as a delivery may take of the memory for all.
   */
  #hintsOf({ destination }: DeliveryStream): Hints {
    const { hints: hintsOf, mostBytes = 0, copies } = kindOf(destination);
    const hints = hintsOf(destination);
    const growth = 2 ** Math.min(Math.max(0, this.#fullAtOnce - 1), mostDoublings);
    const most = Math.min(mostBytes, this.#options.service.settings.deliveryBytes / (4 * copies));
    return { ...hints, bytes: Math.max(hints.bytes, Math.min(hints.bytes * growth, most)) };
  }

  /** Tells at once of what is lost: the next window may be long in coming. */
  async #passExpired(stream: DeliveryStream): Promise<void> {
    const { service, key } = this.#options;
    const positions: Record<string, number> = {};
    let expired = 0;
    for (const { logId, from } of cursorsOf(service, stream, () => undefined)) {
      const first = service.log.status(logId)?.firstIndex ?? 0;
      if (first <= from) continue;
      positions[logId] = first;
      expired += first - from;
    }
    if (expired === 0) return;
    const atMs = service.world.clock.now();
    await service.change({ type: 'Delivered', atMs, deliveryStream: key, positions, gone: [] });
    this.#countExpired(expired);
  }

  #countExpired(expired: number): void {
    if (expired === 0) return;
    const { counters, service, key } = this.#options;
    counters.expired += expired;
    service.report(`of ${key} ${expired} records expired before they could be delivered`, undefined);
  }

  async #deliver(stream: DeliveryStream, attempt: Attempt, letGo: () => void): Promise<void> {
    const { service } = this.#options;
    const { destination, window } = attempt;
    const kind = kindOf(destination);
    const name = kind.metrics(destination);
    const delivery = new Delivery({
      service,
      stream,
      attempt,
      signal: this.#givingUp.signal,
      letGo,
      metricsName: name,
      logging: kind.logging(destination),
    });
    const freshness = (): number => Math.max(0, service.world.clock.now() - window.oldestMs) / 1000;
    delivery.metrics.set(`${name}.DataFreshness`, freshness);
    try {
      await kind.deliver(delivery, destination);
    } catch (error) {
      delivery.metrics.observe(`${name}.Success`, 0);
      const code = error instanceof DeliveryError ? error.code : 'InternalError';
      if (!this.#stopping.signal.aborted) delivery.logFault({ code, message: (error as Error).message });
      throw error;
    }
    delivery.metrics.observe(`${name}.Success`, 1);
    delivery.metrics.set(`${name}.DataFreshness`, freshness());
  }

  #pause(): Promise<void> {
    const { clock, random } = this.#options.service.world;
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failuresInARow);
    this.#failuresInARow += 1;
    return pause(clock, most * (0.5 + random.fraction() / 2), [this.#stopping.signal]);
  }
}

function recordsOf({ spans }: Window): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

function ownBytes(window: Window, { records }: Hints): number {
  return records === Infinity ? 0 : recordsOf(window) * recordBytes;
}

/** Records between what is delivered and a window. */
function expiredBefore({ positions }: DeliveryStream, { spans }: Window): number {
  return spans.reduce((sum, { logId, from }) => sum + from - (positions[logId] ?? 0), 0);
}

/** Lets the log forget what is delivered; whole segments go, so it need not be exact. */
async function trimBefore({ log }: Firehose, logId: number, index: number): Promise<void> {
  const { records } = await log.read(logId, index - 1, { maxRecords: 1, maxBytes: 1 });
  const last = records[0];
  if (last !== undefined) await log.trim(logId, last.arrivalMs);
}
