import { BloomFilter } from '../bloom-filter.ts';
import type { Hash } from '../hashing.ts';
import { Message } from '../message.ts';
import type { OrcSettings } from '../options.ts';
import { OutputStream } from '../output-stream.ts';
import type { Chunking, Taken } from '../output-stream.ts';
import { Presence } from '../presence.ts';
import type { Statistics } from '../statistics.ts';
import type { OrcType } from '../types.ts';

/** The kinds of streams, by their numbers in the file. */
export const streamKind = {
  present: 0,
  data: 1,
  length: 2,
  dictionary: 3,
  secondary: 5,
  rowIndex: 6,
  bloom: 8,
} as const;

/** The kinds of encodings, by their numbers in the file. */
export const encodingKind = { direct: 0, dictionary: 1, directV2: 2, dictionaryV2: 3 } as const;

/** A stream's place in a stripe, and its bytes. */
export interface StripeStream extends Taken {
  readonly kind: number;
  readonly column: number;
}

/** What a column gives to a stripe. */
export interface StripeColumn {
  readonly index: readonly StripeStream[];
  readonly data: readonly StripeStream[];
  /** The ColumnEncoding message. */
  readonly encoding: Message;
  /** The stripe's ColumnStatistics message. */
  readonly statistics: Message;
}

/** What a column is made of. */
export interface ColumnContext {
  /** Its number in the file: the types are counted in the order of the schema, from 0 for the row. */
  readonly id: number;
  readonly type: OrcType;
  /** For messages: `order.items[].price`. */
  readonly path: string;
  readonly settings: OrcSettings;
  readonly chunking: Chunking;
  readonly hasBloomFilter: boolean;
}

/** What a row group's entry in the index takes, roughly. */
const groupBytes = 64;

/** A row group, begun or done. */
interface Group {
  /** Values before it in the stripe, nulls among them. */
  readonly start: number;
  readonly presentBefore: number;
  /** Of the streams other than PRESENT; a dictionary's column finds them when the stripe is done. */
  positions: number[];
  statistics: Message | undefined;
}

interface Mark {
  count: number;
  present: number;
}

/**
 * A column of the file being written. Values are taken into typed arrays a batch at a time (`append`), and a batch that has a
 * misfit is taken back (`rollback`); then the batch is counted and encoded into the streams (`encode`).
 */
export abstract class Column<S extends Statistics = Statistics> {
  readonly id: number;
  readonly type: OrcType;
  readonly path: string;
  readonly children: readonly Column[] = [];
  protected readonly settings: OrcSettings;
  protected readonly isV1: boolean;
  protected readonly presence = new Presence();
  protected readonly bloom: BloomFilter | undefined;
  protected readonly hash: Hash = { high: 0, low: 0 };
  /** The present row group's. */
  protected readonly statistics: S;
  readonly #stripeStatistics: S;
  readonly #fileStatistics: S;
  readonly #chunking: Chunking;
  readonly #presentStream: OutputStream;
  readonly #mark: Mark = { count: 0, present: 0 };
  #groups: Group[] = [];
  #filters: Message[] = [];
  #fileCounts = { present: 0, hasNulls: false, bytes: 0 };

  constructor({ id, type, path, settings, chunking, hasBloomFilter }: ColumnContext, makeStatistics: () => S) {
    this.id = id;
    this.type = type;
    this.path = path;
    this.settings = settings;
    this.isV1 = settings.FormatVersion === 'V0_11';
    this.#chunking = chunking;
    this.#presentStream = this.newStream();
    this.statistics = makeStatistics();
    this.#stripeStatistics = makeStatistics();
    this.#fileStatistics = makeStatistics();
    if (hasBloomFilter)
      this.bloom = new BloomFilter(settings.RowIndexStride, settings.BloomFilterFalsePositiveProbability);
  }

  /** Takes the first `count` values, undefined and null alike being null. Throws OrcValueError, some values having been taken. */
  abstract append(values: readonly unknown[], count: number): void;

  /** Counts what was appended into statistics and filter, and encodes it. */
  abstract encode(): void;

  /** Bytes of memory that appended values hold until they are encoded. */
  abstract get pendingBytes(): number;

  /** Remembers what has been appended, for `rollback`. */
  mark(): void {
    this.#mark.count = this.presence.count;
    this.#mark.present = this.presence.present;
    for (const child of this.children) child.mark();
  }

  /** Takes back what was appended since `mark`, nothing of it being encoded yet. */
  rollback(): void {
    const { count, present } = this.#mark;
    const taken = this.presence.present - present;
    this.presence.rollback(count, present);
    this.dropLast(taken);
    for (const child of this.children) child.rollback();
  }

  /** Begins a stripe: the children too. */
  beginStripe(): void {
    this.#beginGroup();
    for (const child of this.children) child.beginStripe();
  }

  /** Ends a row group and begins the next. All is encoded. */
  endGroup(): void {
    const group = this.#groups.at(-1)!;
    const count = this.presence.count - group.start;
    const present = this.presence.present - group.presentBefore;
    group.statistics = describe(this.statistics, present, present < count);
    this.#stripeStatistics.merge(this.statistics);
    this.statistics.reset();
    if (this.bloom !== undefined) this.#filters.push(this.bloom.take());
    this.groupEnded();
    this.#beginGroup();
    for (const child of this.children) child.endGroup();
  }

  /** Ends the stripe, its last row group having ended; begins the next stripe's counts. */
  endStripe(): StripeColumn {
    // The group after the last is empty.
    const groups = this.#groups.slice(0, -1);
    const late = this.finishStreams();
    const index = new Message();
    const data = this.#takePresent(groups.map(({ start }) => start));
    for (const [at, { positions, statistics }] of groups.entries()) {
      const all = [...(data.positions[at] ?? []), ...(late?.[at] ?? positions)];
      index.message(1, new Message().packed(1, all).message(2, statistics));
    }
    const streams = [...data.streams, ...this.takeStreams()];
    const bytes = streams.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const { present, hasNulls } = this.presence;
    const column = {
      index: [this.#indexStream(streamKind.rowIndex, index), ...this.#filterStream()],
      data: streams,
      encoding: this.#encodingMessage(),
      statistics: describe(this.#stripeStatistics, present, hasNulls).uint(11, bytes),
    };
    this.#fileCounts.present += present;
    this.#fileCounts.hasNulls ||= hasNulls;
    this.#fileCounts.bytes += bytes;
    this.#fileStatistics.merge(this.#stripeStatistics);
    this.#stripeStatistics.reset();
    this.presence.reset();
    this.#groups = [];
    this.#filters = [];
    return column;
  }

  /** The file's ColumnStatistics message. */
  describeFile(): Message {
    const { present, hasNulls, bytes } = this.#fileCounts;
    return describe(this.#fileStatistics, present, hasNulls).uint(11, bytes);
  }

  /** Bytes of memory that the stripe so far holds. */
  get heldBytes(): number {
    const filterBytes = this.#filters.length * (this.bloom?.byteLength ?? 0);
    return this.presence.heldBytes + this.ownBytes + filterBytes + this.#groups.length * groupBytes;
  }

  /** Of the streams and dictionaries. */
  protected abstract get ownBytes(): number;

  /** Takes back the last `count` appended values that are not null. */
  protected abstract dropLast(count: number): void;

  /** Adds the positions of the streams other than PRESENT, in the order of the specification. */
  protected abstract position(into: number[]): void;

  protected abstract takeStreams(): StripeStream[];

  protected get encoding(): { readonly kind: number; readonly dictionarySize?: number } {
    return { kind: this.isV1 ? encodingKind.direct : encodingKind.directV2 };
  }

  /** For columns that encode when the stripe is done; answers the row groups' positions then. */
  protected finishStreams(): number[][] | undefined {
    return undefined;
  }

  protected groupEnded(): void {}

  protected newStream(): OutputStream {
    return new OutputStream(this.#chunking);
  }

  protected taken(kind: number, stream: OutputStream): StripeStream {
    return { kind, column: this.id, ...stream.take() };
  }

  #beginGroup(): void {
    const positions: number[] = [];
    this.position(positions);
    const { count, present } = this.presence;
    this.#groups.push({ start: count, presentBefore: present, positions, statistics: undefined });
  }

  /** A stripe without nulls has no PRESENT stream, and its index no positions of it. */
  #takePresent(starts: readonly number[]): { streams: StripeStream[]; positions: number[][] } {
    if (!this.presence.hasNulls) return { streams: [], positions: [] };
    const positions = this.presence.encode(this.#presentStream, starts);
    return { streams: [this.taken(streamKind.present, this.#presentStream)], positions };
  }

  #filterStream(): StripeStream[] {
    if (this.bloom === undefined) return [];
    const filters = new Message();
    for (const filter of this.#filters) filters.message(1, filter);
    return [this.#indexStream(streamKind.bloom, filters)];
  }

  #indexStream(kind: number, message: Message): StripeStream {
    const stream = this.newStream();
    stream.write(message.view());
    return this.taken(kind, stream);
  }

  #encodingMessage(): Message {
    const { kind, dictionarySize } = this.encoding;
    const message = new Message().uint(1, kind).uint(2, dictionarySize);
    // 1: the hashes are of UTF-8, and of timestamps in UTC.
    return this.bloom === undefined ? message : message.uint(3, 1);
  }
}

/** A ColumnStatistics message. Whether there are nulls is always said: readers take silence for "perhaps". */
function describe(statistics: Statistics, present: number, hasNulls: boolean): Message {
  const message = new Message().uint(1, present);
  statistics.describe(message);
  return message.uint(10, hasNulls ? 1 : 0);
}
