import type { Consumer } from '@platformatic/kafka';
import { committedBatches } from './committed.ts';
import type { FetchResponse, Partition } from './committed.ts';

/** Where reading goes on, by partition: the offset of the next record. */
export type Positions = ReadonlyMap<number, bigint>;

export interface TopicRecord {
  readonly value: Buffer;
  readonly timestampMs: number;
}

export interface TopicOptions {
  /** Some of the cluster's brokers, HOST:PORT each. */
  readonly brokers: readonly string[];
  readonly topic: string;
  /** What brokers log and count the reader by. */
  readonly clientId: string;
  /** How soon new partitions and leaders are noticed, in milliseconds; half a minute where it is not said. */
  readonly lookAgainMs?: number;
}

/** A topic that is read without a group: whoever reads keeps the positions. */
export interface Topic {
  /** Of each partition its first record from a time on, in milliseconds; its end where there is none. Rejects where the topic is not there. */
  positionsAt(timeMs: number): Promise<Positions>;
  /**
   * Waits for records of any partition, `waitMs` at most, and answers them with where to go on. Partitions that came since are read
   * from their beginning; a partition that does not have what was to come next, from what it has, which a jump tells.
   */
  read(from: Positions, options: { readonly maxBytes: number; readonly waitMs: number }): Promise<TopicPage>;
  close(): Promise<void>;
}

export interface TopicPage {
  readonly records: readonly TopicRecord[];
  readonly next: Positions;
  readonly jumps: readonly Jump[];
}

/**
 * Where a partition did not have what was to come next: forwards what was between has expired; backwards the topic was made
 * again, or lost its end.
 */
export interface Jump {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

const readCommitted = 1;
const earliest = -2n;
const latest = -1n;

/** Opens a topic. Nothing is loaded, and no broker is asked, before it is read: few servers ever do. */
export function openTopic(options: TopicOptions): Topic {
  return new OpenTopic(options);
}

async function connect({ brokers, clientId, lookAgainMs = 30_000 }: TopicOptions): Promise<Consumer> {
  const library = await import('@platformatic/kafka');
  return new library.Consumer({
    clientId,
    // It joins none: positions are the reader's.
    groupId: clientId,
    bootstrapBrokers: [...brokers],
    isolationLevel: readCommitted,
    metadataMaxAge: lookAgainMs,
    // Whoever reads tries again, and tells of it.
    retries: 1,
    timeout: 30_000,
  });
}

class OpenTopic implements Topic {
  readonly #options: TopicOptions;
  readonly #topic: string;
  #connected: Promise<Consumer> | undefined;

  constructor(options: TopicOptions) {
    this.#options = options;
    this.#topic = options.topic;
  }

  get #client(): Promise<Consumer> {
    this.#connected ??= connect(this.#options);
    return this.#connected;
  }

  async positionsAt(timeMs: number): Promise<Positions> {
    const found = await this.#offsets(BigInt(timeMs));
    const ends = found.some((offset) => offset < 0n) ? await this.#offsets(latest) : found;
    return new Map(found.map((offset, partition) => [partition, offset < 0n ? ends[partition]! : offset]));
  }

  async read(from: Positions, options: { readonly maxBytes: number; readonly waitMs: number }): Promise<TopicPage> {
    const metadata = await (await this.#client).metadata({ topics: [this.#topic] });
    const { id, partitions } = metadata.topics.get(this.#topic)!;
    const next = new Map(from);
    if (partitions.some((_, partition) => !next.has(partition))) await this.#addNew(next, partitions.length);
    const byLeader = Map.groupBy(partitions.keys(), (partition) => partitions[partition]!.leader);
    const records: TopicRecord[] = [];
    const jumps: Jump[] = [];
    for (const answer of await Promise.all(
      [...byLeader].map(([leader, led]) => this.#fetch({ leader, id, led, from: next, jumps }, options)),
    ))
      for (const { partitions: read } of answer?.responses ?? [])
        for (const partition of read) take(partition, next, records);
    return { records, next, jumps };
  }

  async close(): Promise<void> {
    await (await this.#connected)?.close(true);
  }

  async #fetch(
    what: {
      readonly leader: number;
      readonly id: string;
      readonly led: readonly number[];
      readonly from: Map<number, bigint>;
      readonly jumps: Jump[];
    },
    { maxBytes, waitMs }: { readonly maxBytes: number; readonly waitMs: number },
  ): Promise<FetchResponse | undefined> {
    const { leader, id, led, from, jumps } = what;
    try {
      return await (
        await this.#client
      ).fetch({
        node: leader,
        minBytes: 1,
        maxBytes,
        maxWaitTime: waitMs,
        isolationLevel: readCommitted,
        topics: [
          {
            topicId: id,
            partitions: led.map((partition) => ({
              partition,
              currentLeaderEpoch: -1,
              fetchOffset: from.get(partition)!,
              lastFetchedEpoch: -1,
              partitionMaxBytes: maxBytes,
            })),
          },
        ],
      });
    } catch (error) {
      if (!(await isGone(error))) throw error;
      const found = jumpsOf(from, led, { first: await this.#offsets(earliest), end: await this.#offsets(latest) });
      // A broker that is not its leader any more: whoever reads tries again, later.
      if (found.length === 0) throw error;
      for (const { partition, to } of found) from.set(partition, to);
      jumps.push(...found);
      return undefined;
    }
  }

  async #addNew(next: Map<number, bigint>, count: number): Promise<void> {
    const first = await this.#offsets(earliest);
    for (let partition = 0; partition < count; partition += 1)
      if (!next.has(partition)) next.set(partition, first[partition] ?? 0n);
  }

  async #offsets(timestamp: bigint): Promise<bigint[]> {
    const offsets = await (await this.#client).listOffsets({ topics: [this.#topic], timestamp });
    return offsets.get(this.#topic) ?? [];
  }
}

function take(partition: Partition, next: Map<number, bigint>, records: TopicRecord[]): void {
  const from = next.get(partition.partitionIndex)!;
  for (const { firstOffset, firstTimestamp, records: batch } of committedBatches(partition))
    for (const { offsetDelta, timestampDelta, value } of batch)
      // A batch begins before what was asked for, where that lies within it; a record without a value is a deletion's.
      if (firstOffset + BigInt(offsetDelta) >= from && value !== null)
        records.push({ value, timestampMs: Number(firstTimestamp + timestampDelta) });
  const last = partition.records?.at(-1);
  if (last !== undefined) next.set(partition.partitionIndex, last.firstOffset + BigInt(last.lastOffsetDelta) + 1n);
}

/** Of partitions whose next record is not among those that there are: to the first of these. Nothing is left out so. */
export function jumpsOf(
  positions: Positions,
  partitions: readonly number[],
  { first, end }: { readonly first: readonly bigint[]; readonly end: readonly bigint[] },
): Jump[] {
  return partitions.flatMap((partition) => {
    const from = positions.get(partition)!;
    const to = first[partition]!;
    return from < to || from > end[partition]! ? [{ partition, from, to }] : [];
  });
}

async function isGone(error: unknown): Promise<boolean> {
  const { findErrorBy } = await import('@platformatic/kafka');
  return error instanceof Error && findErrorBy(error, 'apiId', 'OFFSET_OUT_OF_RANGE') !== null;
}
