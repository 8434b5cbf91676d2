import { pause } from '@millrace/world';
import { kindOf } from '../destinations/kinds.ts';
import { orStopped } from '../or-stopped.ts';
import type { Firehose } from '../service.ts';
import type { DeliveryStream, TopicSource } from '../state.ts';
import type { SourceTopic, TopicPositions } from './source-topics.ts';
import { readPositions, savedPositions } from './topic-read.ts';

const page = { maxBytes: 1 << 20, waitMs: 500 };
const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** How soon a delivery that made room is noticed. */
const lookAgainMs = 100;
/** What waits for delivery at most; twice a buffer where that is more. */
const leastWaitingBytes = 16 << 20;

/**
 * Copies a topic's records into the delivery stream's own shard of the log, from where they are delivered as direct puts are.
 * They are durable there before the position behind them is recorded, so a crash brings some twice and loses none. It copies no
 * further ahead of delivery than a few buffers: what cannot be delivered waits in the topic.
 */
export class TopicReader {
  readonly #service: Firehose;
  readonly #key: string;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  /** What was copied, and is not delivered as far as was looked. */
  #waiting: { readonly beforeIndex: number; readonly bytes: number }[] = [];

  constructor(service: Firehose, key: string) {
    this.#service = service;
    this.#key = key;
    this.#running = this.#run();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#service.world;
    for (let failures = 0; !this.#stopping.signal.aborted && this.#stream !== undefined; failures += 1) {
      try {
        await this.#copy(() => (failures = 0));
      } catch (error) {
        this.#service.report(`the topic of ${this.#key} could not be read and is tried again`, error);
      }
      const most = Math.min(longestPauseMs, firstPauseMs * 2 ** failures);
      await pause(clock, most * (0.5 + random.fraction() / 2), [this.#stopping.signal]);
    }
  }

  get #stream(): DeliveryStream | undefined {
    return this.#service.state.deliveryStreams.get(this.#key);
  }

  /** Copies until it fails or is stopped; tells of every page that went well. */
  async #copy(onPage: () => void): Promise<void> {
    const source = this.#stream?.topic;
    if (source === undefined) return;
    const topic = this.#service.topics.open(source.clusterArn, source.topicName);
    try {
      const begun = await this.#begin(topic, source);
      if (begun === undefined) return;
      let positions = begun;
      for (let stream = this.#stream; stream !== undefined && !this.#stopping.signal.aborted; stream = this.#stream) {
        if (this.#waitingBytes(stream) >= mostWaitingBytes(stream)) {
          await pause(this.#service.world.clock, lookAgainMs, [this.#stopping.signal]);
          continue;
        }
        const read = await orStopped(topic.read(positions, page), this.#stopping.signal);
        if (read === undefined) return;
        const { records, next, jumps = [] } = read;
        positions = next;
        for (const jump of jumps) this.#reportJump(source, jump);
        if (records.length > 0) await this.#take(stream, records);
        if (!isSame(savedPositions(next), stream.topicPositions)) await this.#record(savedPositions(next));
        onPage();
      }
    } finally {
      await orStopped(topic.close(), this.#stopping.signal);
    }
  }

  #reportJump({ topicName }: TopicSource, { partition, from, to }: Jump): void {
    const why = from < to ? 'what was between has expired' : 'the topic was made again, or lost its end';
    this.#service.report(
      `${topicName} ${partition} of ${this.#key} goes on at ${to}, not at ${from}: ${why}`,
      undefined,
    );
  }

  /** Undefined when reading stops first. */
  async #begin(topic: SourceTopic, { readFromMs, startMs }: TopicSource): Promise<TopicPositions | undefined> {
    const saved = this.#stream?.topicPositions;
    if (saved !== undefined) return readPositions(saved);
    const positions = await orStopped(topic.positionsAt(readFromMs ?? startMs), this.#stopping.signal);
    if (positions !== undefined) await this.#record(savedPositions(positions));
    return positions;
  }

  async #take(stream: DeliveryStream, records: readonly { readonly value: Buffer }[]): Promise<void> {
    const { log, metrics } = this.#service;
    const data = records.map(({ value }) => ({ partitionKey: '', data: value }));
    const outcome = await log.append(stream.logId, data, stream.encryption.keyRef);
    if (outcome === 'closed') return;
    const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
    this.#waiting.push({ beforeIndex: outcome.firstIndex + records.length, bytes });
    metrics.of(stream).count('DataReadFromSource.Records', records.length);
    metrics.of(stream).count('DataReadFromSource.Bytes', bytes);
  }

  async #record(positions: Readonly<Record<string, string>>): Promise<void> {
    const { world } = this.#service;
    await this.#service.change({
      type: 'TopicRead',
      atMs: world.clock.now(),
      deliveryStream: this.#key,
      positions,
    });
  }

  #waitingBytes({ positions, logId }: DeliveryStream): number {
    const delivered = positions[logId] ?? 0;
    this.#waiting = this.#waiting.filter(({ beforeIndex }) => beforeIndex > delivered);
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

type Jump = NonNullable<Awaited<ReturnType<SourceTopic['read']>>['jumps']>[number];

function mostWaitingBytes({ destination }: DeliveryStream): number {
  return Math.max(leastWaitingBytes, 2 * kindOf(destination).hints(destination).bytes);
}

function isSame(some: Readonly<Record<string, string>>, others: Readonly<Record<string, string>> | undefined): boolean {
  const entries = Object.entries(some);
  return (
    others !== undefined &&
    entries.length === Object.keys(others).length &&
    entries.every(([partition, offset]) => others[partition] === offset)
  );
}
