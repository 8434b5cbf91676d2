import type { File, World } from '@millrace/world';
import type { BlockCipher } from '../shard-log-types.ts';
import { claimedLength, collectRecords, headerLength, mayBeEntryOf, openPayload, readEntry } from './entry.ts';
import type { Collection, EntryHeader } from './entry.ts';
import { loadIndex, readFully, segmentHeaderLength } from './segment.ts';
import type { Point, SegmentIndex, SegmentInfo } from './segment.ts';

const largestRead = 1 << 20;
const smallestRead = 64 << 10;
/** Points of all indices in memory, about 100 bytes each; an index counts as some more, for what is around it. */
const pointsKept = 65_536;
const pointsBeside = 4;
const cursorsKept = 4096;
const filesKept = 128;

export interface SegmentReaderOptions {
  readonly world: World;
  readonly cipher: BlockCipher;
  report(message: string): void;
}

/** Reads entries back from segments. Open files, indices and places to go on are kept in caches of fixed size. */
export class SegmentReader {
  readonly #options: SegmentReaderOptions;
  readonly #indices = new LeastRecent<Promise<SegmentIndex>>(pointsKept);
  /** Where the next read of a sequential reader begins: path:index to file offset. */
  readonly #cursors = new LeastRecent<number>(cursorsKept);
  readonly #files: LeastRecent<Promise<File>>;
  damagedEntries = 0;

  constructor(options: SegmentReaderOptions) {
    this.#options = options;
    this.#files = new LeastRecent<Promise<File>>(
      filesKept,
      (file) => void file.then((open) => open.close()).catch(() => undefined),
    );
  }

  index(segment: SegmentInfo): Promise<SegmentIndex> {
    let index = this.#indices.get(segment.path);
    if (index === undefined) {
      const loading = loadIndex(this.#options.world, segment);
      this.#indices.set(segment.path, loading, pointsBeside);
      // Unless a flush has remembered a newer one since.
      const isLatest = (): boolean => this.#indices.get(segment.path) === loading;
      loading.then(
        (loaded) => isLatest() && this.remember(segment, loaded),
        () => isLatest() && this.#indices.delete(segment.path),
      );
      index = loading;
    }
    return index;
  }

  /** The index after an append, so that it need not be read again. */
  remember(segment: SegmentInfo, index: SegmentIndex): void {
    this.#indices.set(segment.path, Promise.resolve(index), index.points.length + pointsBeside);
  }

  /** A file that is gone or will be overwritten. */
  forget(segment: SegmentInfo): void {
    this.#indices.delete(segment.path);
    this.#files.delete(segment.path);
  }

  /** Collects records of one segment from `into.next` on. `into.next` is behind the segment when it was read to its end. */
  async collect(segment: SegmentInfo, into: Collection): Promise<void> {
    const index = await this.index(segment);
    if (index.end === undefined) return;
    const cursor = `${segment.path}:${into.next}`;
    const start = this.#cursors.get(cursor) ?? pointBefore(index.points, into.next)?.offset ?? segmentHeaderLength;
    const offset = await this.#walk(segment, index, start, {
      wanted: into.remainingBytes,
      use: (entry, header) => {
        if (header.firstIndex + header.count <= into.next) return true;
        if (header.firstIndex > into.next) into.next = header.firstIndex;
        collectRecords(openPayload(entry, header, this.#options.cipher), header, into);
        return !into.full && into.remainingRecords > 0;
      },
    });
    if (offset === undefined) into.next = Math.max(into.next, index.end.index);
    else this.#cursors.set(`${segment.path}:${into.next}`, offset);
  }

  /** The first index in the segment that arrived at or after `timeMs`; undefined when all arrived before. */
  async firstAtOrAfter(segment: SegmentInfo, timeMs: number): Promise<number | undefined> {
    const index = await this.index(segment);
    if (index.end === undefined || index.end.arrivalMs < timeMs) return undefined;
    const before = index.points.findLast(({ kind, arrivalMs }) => kind === 'entry' && arrivalMs < timeMs);
    let found: number | undefined;
    await this.#walk(segment, index, before?.offset ?? segmentHeaderLength, {
      wanted: smallestRead,
      use: (_entry, header) => {
        if (header.arrivalMs < timeMs) return true;
        found = header.firstIndex;
        return false;
      },
    });
    return found ?? index.end.index;
  }

  /**
   * Hands entries to `use` until it answers false; answers the offset of the entry it stopped at, undefined at the end.
   * A damaged entry is reported, never used, and the walk goes on at the next one that is whole.
   */
  async #walk(
    segment: SegmentInfo,
    index: SegmentIndex,
    start: number,
    { wanted, use }: { wanted: number; use(entry: Buffer, header: EntryHeader): boolean },
  ): Promise<number | undefined> {
    const end = index.end!.offset;
    const usual = Math.min(largestRead, Math.max(smallestRead, wanted + (wanted >> 3)));
    let base = start;
    let size = usual;
    let isLost = false;
    while (base < end) {
      const length = Math.min(size, end - base);
      const buffer = await this.#read(segment, base, length);
      const isLast = base + buffer.length >= end || buffer.length < length;
      let at = 0;
      size = usual;
      while (at < buffer.length) {
        if (isLost) at = nextCandidate(buffer, at, segment.logId);
        const header = readEntry(buffer, at, end - base - at);
        if (header === 'short') {
          if (buffer.length - at >= headerLength) size = Math.max(size, claimedLength(buffer, at));
          break;
        }
        if (header === 'bad') {
          if (!isLost) this.#tell(segment, base + at);
          isLost = true;
          at += 1;
          continue;
        }
        isLost = false;
        if (!use(buffer.subarray(at, at + header.length), header)) return base + at;
        at += header.length;
      }
      if (at < buffer.length && isLast) {
        // What claims to be longer than the segment is damaged too.
        if (!isLost) this.#tell(segment, base + at);
        if (buffer.length - at < headerLength) return undefined;
        isLost = true;
        at += 1;
      }
      base += at;
      if (buffer.length === 0) return undefined;
    }
    return undefined;
  }

  #tell(segment: SegmentInfo, offset: number): void {
    this.damagedEntries += 1;
    this.#options.report(
      `${segment.path}: damaged at ${offset}: the records from there to the next whole entry are lost`,
    );
  }

  async #read(segment: SegmentInfo, position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    for (;;) {
      const file = await this.#open(segment);
      try {
        return buffer.subarray(0, await readFully(file, buffer, position));
      } catch (error) {
        // Closed in between, because so many other files were read: open it again.
        if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
      }
    }
  }

  #open(segment: SegmentInfo): Promise<File> {
    let file = this.#files.get(segment.path);
    if (file === undefined) {
      file = this.#options.world.disk.open(segment.path, 'read');
      file.catch(() => this.#files.delete(segment.path));
      this.#files.set(segment.path, file);
    }
    return file;
  }

  stop(): void {
    this.#files.clear();
  }
}

/** The first place from `at` on where an entry may begin, or where too little is left to tell. */
function nextCandidate(buffer: Buffer, from: number, logId: number): number {
  let at = from;
  while (buffer.length - at >= headerLength && !mayBeEntryOf(buffer, at, logId)) at += 1;
  return at;
}

function pointBefore(points: readonly Point[], index: number): Point | undefined {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (points[middle]!.index <= index) low = middle + 1;
    else high = middle;
  }
  for (let at = low - 1; at >= 0; at -= 1) if (points[at]!.kind === 'entry') return points[at];
  return undefined;
}

/** A map that drops what was not asked for longest, when the weights of all are more than `most`. */
class LeastRecent<Value> {
  readonly #values = new Map<string, { readonly value: Value; readonly weight: number }>();
  #weight = 0;
  readonly #most: number;
  readonly #dropped: (value: Value) => void;

  constructor(most: number, dropped: (value: Value) => void = () => undefined) {
    this.#most = most;
    this.#dropped = dropped;
  }

  get(key: string): Value | undefined {
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, found);
    return found.value;
  }

  set(key: string, value: Value, weight = 1): void {
    const present = this.#values.get(key);
    this.#weight += weight - (present?.weight ?? 0);
    this.#values.delete(key);
    this.#values.set(key, { value, weight });
    while (this.#weight > this.#most && this.#values.size > 1) this.delete(this.#values.keys().next().value!);
  }

  delete(key: string): void {
    const found = this.#values.get(key);
    if (found === undefined) return;
    this.#values.delete(key);
    this.#weight -= found.weight;
    this.#dropped(found.value);
  }

  clear(): void {
    for (const key of [...this.#values.keys()]) this.delete(key);
  }
}
