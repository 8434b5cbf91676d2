import type { Clock, File, FileStat } from '@millrace/world';
import type { Counters } from '../sending/counters.ts';
import { headBytes, tailBytes } from './fingerprint.ts';
import type { Splitter } from './splitter.ts';
import { fileIdOf, positionAt, readAt, start } from './tracked-file.ts';
import type { Position, TrackedFile } from './tracked-file.ts';

export interface ReaderOptions {
  readonly clock: Clock;
  readonly splitter: Splitter;
  readonly skipHeaderLines: number;
  /** A record that matches it whole, without the spaces around it, ends its file. */
  readonly footer: RegExp | undefined;
  /** The longest record that is looked for; what is longer is cut. */
  readonly bufferBytes: number;
  readonly quietMs: number;
  readonly refreshMs: number;
  readonly counters: Counters;
  open(path: string): Promise<File>;
  stat(path: string): Promise<FileStat | undefined>;
  /** Waits for room before a chunk is read. */
  room(): Promise<void>;
  /** A record; `position` is behind it. None for the part of an overlong one: its rest follows. */
  onRecord(data: Buffer, file: TrackedFile, position: Position | undefined): void;
  /** Read on, and no record. */
  onAdvance(file: TrackedFile, position: Position): void;
}

/** What a look at a file brought: `more` is worth another look at once; `truncated` is another content. */
export type Look = 'more' | 'idle' | 'truncated' | 'replaced';

const firstChunkBytes = 256 << 10;
const leastHoleBytes = 64 << 10;
/** A file that did not change for as long is looked at less often. */
const idleAfterMs = 10_000;
const idleLookMs = 1000;

/** Reads what files have new, and makes records of it. */
export class FileReader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Reads at most a chunk of a file. Rejects where the file cannot be read; nothing is changed then. */
  async look(tracked: TrackedFile): Promise<Look> {
    const now = this.#options.clock.monotonicMs();
    if (now < tracked.nextLookMs) return 'idle';
    if (tracked.file === undefined) {
      const opened = await this.#reopen(tracked);
      if (opened !== undefined) return opened;
    }
    if (tracked.file === undefined) return 'idle';
    const { size, modifiedMs } = await tracked.file.stat();
    if (size < tracked.position.offset) return 'truncated';
    const isChanged = size !== tracked.seenSize || modifiedMs !== tracked.seenModifiedMs;
    if (isChanged) tracked.changedAtMs = now;
    const isWaited = this.#isWaited(tracked, now, size);
    if (!isChanged && !isWaited && !tracked.isUnread) {
      if (now - tracked.changedAtMs > idleAfterMs) tracked.nextLookMs = now + idleLookMs;
      return 'idle';
    }
    return this.#read(tracked, tracked.file, { size, modifiedMs, isWaited });
  }

  /** Opens a file that was closed, where it changed meanwhile; else answers what there is to say of it. */
  async #reopen(tracked: TrackedFile): Promise<Look | undefined> {
    const seen = await this.#options.stat(tracked.path);
    if (seen === undefined || fileIdOf(seen) !== tracked.id) return 'replaced';
    if (seen.size === tracked.seenSize && seen.modifiedMs === tracked.seenModifiedMs) {
      tracked.nextLookMs = this.#options.clock.monotonicMs() + idleLookMs;
      return 'idle';
    }
    const file = await this.#options.open(tracked.path);
    if (fileIdOf(await file.stat()) === tracked.id) {
      tracked.file = file;
      return undefined;
    }
    await file.close();
    return 'replaced';
  }

  /** Whether the rest, without a sure end, is a record by now: nothing came for long enough. */
  #isWaited(tracked: TrackedFile, now: number, size: number): boolean {
    if (tracked.isEnded || size === tracked.position.offset) return false;
    const quietMs = now - tracked.changedAtMs;
    const { splitter, refreshMs, quietMs: enough } = this.#options;
    if (splitter.isMultiLine && quietMs >= enough && tracked.restHasLine) return true;
    return tracked.isLeft && quietMs >= Math.max(refreshMs, enough);
  }

  async #read(
    tracked: TrackedFile,
    file: File,
    seen: { size: number; modifiedMs: number; isWaited: boolean },
  ): Promise<Look> {
    await this.#options.room();
    const { offset, tail } = tracked.position;
    tracked.chunkBytes ||= firstChunkBytes;
    // The bytes before the offset are read again: where they are not the same, this is not the content that was read so far.
    // No more memory than there are bytes: records keep it until they are stored. One more tells that the file grew meanwhile.
    const length = tail.length + Math.min(tracked.chunkBytes, seen.size - offset + 1);
    const bytes = await readAt(file, offset - tail.length, length);
    if (bytes.length < tail.length || !bytes.subarray(0, tail.length).equals(tail)) return 'truncated';
    tracked.seenSize = Math.max(seen.size, offset - tail.length + bytes.length);
    tracked.seenModifiedMs = seen.modifiedMs;
    const isWhole = bytes.length < length;
    if (tracked.isEnded) {
      tracked.isUnread = false;
      return 'idle';
    }
    const end = this.#split(tracked, bytes, { isWhole, isWaited: seen.isWaited });
    await this.#remember(tracked, file);
    // In place: who keeps the place, for records that were passed over too, must not keep the chunk by it.
    const { position } = tracked;
    if (position.offset > 0) position.tail = Buffer.from(position.tail);
    const isFull = bytes.length === tail.length + tracked.chunkBytes && end === tail.length;
    if (isFull) tracked.chunkBytes = Math.min(tracked.chunkBytes * 2, this.#options.bufferBytes);
    tracked.isUnread = !isWhole && !tracked.isEnded;
    tracked.restHasLine = bytes.indexOf(10, end) !== -1;
    return tracked.isUnread ? 'more' : 'idle';
  }

  /** Takes the records out of a chunk whose first bytes are the tail; answers where the last of them ended. */
  #split(tracked: TrackedFile, bytes: Buffer, last: { isWhole: boolean; isWaited: boolean }): number {
    const { splitter, counters, bufferBytes, onAdvance } = this.#options;
    const base = tracked.position.offset - tracked.position.tail.length;
    let from = tracked.position.tail.length;
    const placeOf = (end: number): Position => ({
      offset: base + end,
      tail: bytes.subarray(Math.max(0, end - tailBytes), end),
    });
    const takeUpTo = (end: number): void => {
      counters.bytesRead += end - from;
      from = end;
      tracked.position = placeOf(end);
    };
    tracked.headerLinesLeft ??= tracked.position.offset === 0 ? this.#options.skipHeaderLines : 0;
    const holeEnd = endOfHole(tracked, bytes, from);
    if (holeEnd > from) {
      takeUpTo(holeEnd);
      tracked.isInHole = holeEnd === bytes.length;
      // Else the place stays before all of it: who goes on there passes over it again.
      if (!tracked.isInHole) onAdvance(tracked, tracked.position);
    }
    if (tracked.headerLinesLeft > 0) {
      const end = endOfLines(bytes, tracked.headerLinesLeft, from);
      if (end === -1) {
        // A header that is longer than the buffer is passed over in parts; after a crash from its beginning.
        if (bytes.length - from < bufferBytes) return from;
        tracked.headerLinesLeft -= countLines(bytes, from);
        takeUpTo(bytes.length);
        return from;
      }
      tracked.headerLinesLeft = 0;
      takeUpTo(end);
      onAdvance(tracked, tracked.position);
    }
    while (!tracked.isEnded) {
      let end = splitter.next(bytes, from);
      if (end === -1 && last.isWhole && last.isWaited) end = this.#waitedEnd(tracked, bytes, from);
      const isOverlong = end === -1 && bytes.length - from >= bufferBytes;
      if (isOverlong) end = bytes.length;
      if (end === -1 || end === from) break;
      const data = bytes.subarray(from, end);
      if (this.#isFooter(tracked, data)) {
        // The place stays before it, so that who goes on there ends there too.
        tracked.isEnded = true;
        onAdvance(tracked, tracked.position);
        break;
      }
      takeUpTo(end);
      this.#take(tracked, data, isOverlong);
    }
    return from;
  }

  #take(tracked: TrackedFile, data: Buffer, isOverlong: boolean): void {
    const { onRecord, onAdvance } = this.#options;
    const isRest = tracked.isDiscarding;
    tracked.isDiscarding = isOverlong;
    if (isRest) {
      // Of an overlong record its first part went; where it ends, all of it is done.
      if (!isOverlong) onAdvance(tracked, tracked.position);
      return;
    }
    onRecord(data, tracked, isOverlong ? undefined : tracked.position);
  }

  #isFooter({ isDiscarding }: TrackedFile, data: Buffer): boolean {
    return !isDiscarding && this.#options.footer?.test(data.toString().trim()) === true;
  }

  /** Up to the last line that is whole; all of it where the file was left by who wrote it. */
  #waitedEnd(tracked: TrackedFile, bytes: Buffer, from: number): number {
    const lastLine = bytes.lastIndexOf(10) + 1;
    if (this.#options.splitter.isMultiLine && lastLine > from) return lastLine;
    return tracked.isLeft && bytes.length > from ? bytes.length : -1;
  }

  async #remember(tracked: TrackedFile, file: File): Promise<void> {
    const wanted = Math.min(headBytes, tracked.position.offset);
    if (tracked.head.length < wanted) tracked.head = await readAt(file, 0, wanted);
  }

  /** Behind the last line that is whole: where END_OF_FILE begins. At the start where the header lines are not all there. */
  async endOf(file: File): Promise<{ position: Position; head: Buffer }> {
    const { bufferBytes, skipHeaderLines } = this.#options;
    const size = await file.size();
    const length = Math.min(size, bufferBytes);
    const bytes = await readAt(file, size - length, length);
    if (length === size && endOfLines(bytes, skipHeaderLines) === -1) return { position: start, head: Buffer.alloc(0) };
    return positionAt(file, size - length + bytes.lastIndexOf(10) + 1);
  }
}

/**
 * Who wrote to a file that was truncated, and does not append, goes on at the old place: what is before it reads as zeros, and
 * with them the first line would be longer than a record may be. Fewer zeros may be a file's own.
 */
function endOfHole({ position, isInHole }: TrackedFile, bytes: Buffer, from: number): number {
  if (position.offset !== 0 && !isInHole) return from;
  let end = from;
  while (bytes[end] === 0) end += 1;
  return isInHole || end - from >= leastHoleBytes ? end : from;
}

function countLines(bytes: Buffer, from: number): number {
  let count = 0;
  for (let end = bytes.indexOf(10, from); end !== -1; end = bytes.indexOf(10, end + 1)) count += 1;
  return count;
}

/** Behind so many lines; -1 where there are fewer. */
function endOfLines(bytes: Buffer, count: number, from = 0): number {
  let end = from;
  for (let line = 0; line < count; line += 1) {
    end = bytes.indexOf(10, end) + 1;
    if (end === 0) return -1;
  }
  return end;
}
