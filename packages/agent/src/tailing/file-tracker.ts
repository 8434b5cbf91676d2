import type { Clock, Disk, File, FileStat } from '@millrace/world';
import type { Checkpoint } from '../checkpoints/checkpoint-store.ts';
import { fingerprintOf, hashOf, headBytes, tailBytes } from './fingerprint.ts';
import type { Fingerprint } from './fingerprint.ts';
import { fileIdOf, positionAt, readAt, start, TrackedFile } from './tracked-file.ts';
import type { Position } from './tracked-file.ts';

export interface TrackerOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  matches(name: string): boolean;
  readonly isFromStart: boolean;
  readonly refreshMs: number;
  /** Where END_OF_FILE begins in an open file. */
  endOf(file: File): Promise<{ position: Position; head: Buffer }>;
  onEvent(what: string, path: string): void;
}

interface Entry {
  readonly path: string;
  readonly id: string;
  readonly stat: FileStat;
}

interface Opened {
  readonly file: File;
  readonly position: Position;
  readonly head: Buffer;
}

/** A content whose file is another's now: what it was, to find it again in a copy. */
interface Lost {
  readonly file: TrackedFile | undefined;
  readonly path: string;
  readonly offset: number;
  readonly fingerprint: Fingerprint;
  readonly atMs: number;
}

/** A file that so far is what another begins with: a copy that is being made, most likely. */
interface Held {
  readonly of: TrackedFile;
  readonly size: number;
  readonly changedAtMs: number;
}

/** With less in common two files may be two logs that begin alike. */
const leastCommonBytes = 256;
const mostLost = 16;
const lostForMs = 600_000;
/** A copy in the making does not stand still for so long. */
const copyPauseMs = 10_000;
const shortCopyPauseMs = 1000;
const heldLookMs = 200;
const mostTold = 1000;

/**
 * Which contents a flow has, and in which files they stand.
 *
 *  - A file keeps its offset under every name, by its inode. What has no name any more is read to its end while it is open.
 *  - A content that is not there any more where it was (a truncation) is looked for in files that were not known: a copy goes on at
 *    the same offset, and before what was written to the truncated file since.
 *  - A file that is not known is read from its start, unless it is such a copy; while it might become one (it is what a known file
 *    begins with) it is left alone for a moment. In doubt lines come twice, never not at all.
 */
export class FileTracker {
  readonly #options: TrackerOptions;
  /** Oldest first. */
  files: TrackedFile[] = [];
  #lost: Lost[] = [];
  #held = new Map<string, Held>();
  /** What could not be looked at or opened, and why: told once. */
  #told = new Map<string, string>();
  #names = '';
  #refreshedAtMs = -Infinity;
  #mustRefresh = false;

  constructor(options: TrackerOptions) {
    this.#options = options;
  }

  /** Takes up what checkpoints say; where nothing was ever saved, the flow begins. */
  async begin(saved: readonly Checkpoint[] | undefined): Promise<void> {
    const checkpoints = saved ?? [];
    const entries = await this.#list();
    const known = new Set<string>();
    for (const checkpoint of checkpoints) {
      if (known.has(checkpoint.fileId)) continue;
      known.add(checkpoint.fileId);
      const entry = entries.find(({ id }) => id === checkpoint.fileId);
      if (entry === undefined || !(await this.#resume(entry, checkpoint))) this.#remember(checkpoint);
    }
    const tracked = new Set(this.files.map(({ id }) => id));
    const unknown = entries.filter(({ id }) => !tracked.has(id));
    // The Java agent has one file of a flow at a time, the newest: older ones it has finished, or never begun.
    const isOfJava = checkpoints.every(({ fingerprint }) => fingerprint === undefined);
    const newest = Math.max(-Infinity, ...checkpoints.map(({ lastModifiedMs }) => lastModifiedMs));
    for (const entry of unknown) {
      if (saved === undefined) await this.#track(entry, this.#options.isFromStart ? 'start' : 'end');
      else if (isOfJava && Math.floor(entry.stat.modifiedMs) < newest) await this.#track(entry, 'end');
      else await this.#decide(entry, undefined);
    }
    this.#refreshedAtMs = this.#options.clock.monotonicMs();
  }

  /** Looks for changes of names, where something changed or it is time. Answers whether there are new contents. */
  async refresh(): Promise<boolean> {
    const { clock, refreshMs } = this.#options;
    const sinceMs = clock.monotonicMs() - this.#refreshedAtMs;
    const isDue = this.#mustRefresh || sinceMs >= (this.#held.size > 0 ? Math.min(refreshMs, heldLookMs) : refreshMs);
    if (!isDue && (await this.#namesNow()) === this.#names && !(await this.#isReplaced())) return false;
    this.#mustRefresh = false;
    const entries = await this.#list();
    const formerly = new Map(this.files.map((file) => [file.path, file]));
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    const pathNow = new Map(entries.map(({ path, id }) => [path, id]));
    for (const file of this.files) {
      const entry = byId.get(file.id);
      // Who wrote it may go on for a moment: it is quiet from now on, not since its last line.
      if (entry === undefined && file.isListed)
        Object.assign(file, { changedAtMs: clock.monotonicMs(), nextLookMs: -Infinity });
      file.isListed = entry !== undefined;
      if (entry !== undefined && entry.path !== file.path) {
        this.#options.onEvent(`renamed from ${file.path}`, entry.path);
        file.path = entry.path;
        file.isLeft = true;
        file.isDirty = true;
      }
      if (entry === undefined || pathNow.get(file.path) !== file.id) file.isLeft = true;
      byId.delete(file.id);
    }
    const before = this.files.length + this.#lost.length;
    for (const id of this.#held.keys()) if (!byId.has(id)) this.#held.delete(id);
    // Before what is new: it may be the copy of what was truncated by now.
    if (byId.size > 0) for (const file of this.files) if (await this.#isTruncated(file)) this.#lose(file);
    for (const entry of byId.values()) await this.#decide(entry, formerly.get(entry.path));
    const now = clock.monotonicMs();
    this.#refreshedAtMs = now;
    this.#lost = this.#lost.filter(({ atMs }) => now - atMs < lostForMs).slice(-mostLost);
    return this.files.length + this.#lost.length !== before;
  }

  /** The file has another content than was read: a new one begins, and the old is looked for. */
  async truncated(file: TrackedFile): Promise<void> {
    this.#lose(file);
    this.#mustRefresh = true;
    await this.refresh();
  }

  #lose(file: TrackedFile): void {
    const { position, path, id, head } = file;
    this.#options.onEvent('truncated', path);
    const successor = new TrackedFile(path, id, { file: file.file!, position: start, head: Buffer.alloc(0) });
    file.file = undefined;
    this.files = this.files.map((other) => (other === file ? successor : other));
    this.#lost.push({
      file,
      path,
      offset: position.offset,
      fingerprint: fingerprintOf(position.offset, head, position.tail),
      atMs: this.#options.clock.monotonicMs(),
    });
  }

  async #isTruncated({ file, position: { offset, tail } }: TrackedFile): Promise<boolean> {
    return file !== undefined && !(await readAt(file, offset - tail.length, tail.length)).equals(tail);
  }

  /** The path of a closed file names another by now: look again where it is, if it is anywhere. */
  replaced(): void {
    this.#mustRefresh = true;
  }

  /** Closes and forgets files that have no name any more and are done; answers them. */
  async drop(isDone: (file: TrackedFile) => boolean): Promise<TrackedFile[]> {
    const gone: TrackedFile[] = [];
    for (const tracked of this.files.filter((file) => !file.isListed && (file.file === undefined || isDone(file)))) {
      const { file } = tracked;
      // It is looked at now and then only: what came since the last time is read first.
      if (file !== undefined && (await file.size()) !== tracked.seenSize) {
        tracked.nextLookMs = -Infinity;
        continue;
      }
      await file?.close();
      tracked.file = undefined;
      gone.push(tracked);
    }
    this.files = this.files.filter((file) => !gone.includes(file));
    return gone;
  }

  /** Closes the files that changed the longest ago, where there are too many; they are opened again when they change. */
  async closeIdle(most: number): Promise<void> {
    const open = this.files.filter(({ file }) => file !== undefined);
    const closable = open.filter((file) => file.isListed && file.isAtEnd && !file.isUnread);
    closable.sort((one, other) => one.changedAtMs - other.changedAtMs);
    for (const file of closable.slice(0, Math.max(0, open.length - most))) {
      await file.file!.close();
      file.file = undefined;
    }
  }

  async close(): Promise<void> {
    for (const tracked of this.files) await tracked.file?.close();
  }

  async #list(): Promise<Entry[]> {
    const { directory } = this.#options;
    this.#names = await this.#namesNow();
    const entries: Entry[] = [];
    for (const name of this.#names === '' ? [] : this.#names.split('\0')) {
      const path = `${directory === '/' ? '' : directory}/${name}`;
      const stat = await this.#statOf(path);
      if (stat?.isFile === true) entries.push({ path, id: fileIdOf(stat), stat });
    }
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    return [...byId.values()].sort((one, other) => one.stat.modifiedMs - other.stat.modifiedMs);
  }

  /** A name that leads nowhere does not keep the others; where it is a file's that is tailed, nothing is known of any. */
  async #statOf(path: string): Promise<FileStat | undefined> {
    try {
      return await this.#options.disk.stat(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isBeginning = this.#refreshedAtMs === -Infinity;
      if (code !== 'ELOOP' && (isBeginning || this.files.some((file) => file.path === path))) throw error;
      this.#tell(path, `cannot be looked at: ${message}`);
      return undefined;
    }
  }

  #tell(path: string, what: string): void {
    if (this.#told.get(path) === what) return;
    if (this.#told.size >= mostTold) this.#told.clear();
    this.#told.set(path, what);
    this.#options.onEvent(what, path);
  }

  async #namesNow(): Promise<string> {
    const { disk, directory, matches } = this.#options;
    try {
      return (await disk.list(directory)).filter(matches).join('\0');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }

  /** Whether a path of a file that changed lately names another by now. */
  async #isReplaced(): Promise<boolean> {
    const now = this.#options.clock.monotonicMs();
    for (const file of this.files) {
      if (file.isLeft || file.nextLookMs > now) continue;
      const stat = await this.#options.disk.stat(file.path);
      if (stat === undefined || fileIdOf(stat) !== file.id) return true;
    }
    return false;
  }

  async #resume(entry: Entry, { path, offset, fingerprint }: Checkpoint): Promise<boolean> {
    if (entry.stat.size < offset) return false;
    const opened = await this.#openAt(entry.path, offset, fingerprint);
    if (opened === undefined) return false;
    await this.#keep(entry, opened);
    // It was renamed while no agent was there.
    const tracked = this.files.find(({ id }) => id === entry.id);
    if (tracked !== undefined) tracked.isLeft = entry.path !== path;
    return true;
  }

  #remember({ path, offset, fingerprint }: Checkpoint): void {
    if (fingerprint !== undefined)
      this.#lost.push({ file: undefined, path, offset, fingerprint, atMs: this.#options.clock.monotonicMs() });
  }

  /** What to do with a file that is not known. */
  async #decide({ path, id }: Entry, predecessor: TrackedFile | undefined): Promise<void> {
    // As it is now: a copy may have been finished, and its original truncated, since the listing.
    const stat = await this.#options.disk.stat(path);
    if (stat === undefined || fileIdOf(stat) !== id) return;
    const entry = { path, id, stat };
    const held = this.#held.get(entry.id);
    for (const lost of this.#lost) {
      if (lost.offset < leastCommonBytes) continue;
      const { offset, fingerprint } = lost;
      const opened = entry.stat.size >= offset ? await this.#openAt(entry.path, offset, fingerprint) : undefined;
      if (opened !== undefined) return this.#adopt(entry, lost, opened);
      // The copy was made, whole, before the last lines came that were read of the original.
      const isCopy = held?.of === lost.file && held?.size === entry.stat.size && held.size <= lost.offset;
      if (isCopy && held.size >= leastCommonBytes) return this.#track(entry, held.size);
    }
    const now = this.#options.clock.monotonicMs();
    const original = await this.#originalOf(entry);
    if (original !== undefined) {
      const { size } = entry.stat;
      const isSame = held?.size === size;
      const changedAtMs = isSame ? held.changedAtMs : now;
      this.#held.set(entry.id, { of: original, size, changedAtMs });
      if (size === 0 || now - changedAtMs < (size < leastCommonBytes ? shortCopyPauseMs : copyPauseMs)) return;
    }
    await this.#track(entry, 'start', predecessor);
  }

  /** The known file that begins with what this one is. */
  async #originalOf({ path, stat: { size } }: Entry): Promise<TrackedFile | undefined> {
    const candidates = this.files.filter((file) => file.file !== undefined && file.isListed && file.seenSize >= size);
    if (candidates.length === 0) return undefined;
    const file = await this.#open(path);
    if (file === undefined) return undefined;
    try {
      const head = await readAt(file, 0, Math.min(headBytes, size));
      const tail = await readAt(file, Math.max(0, size - tailBytes), Math.min(tailBytes, size));
      for (const candidate of candidates) {
        const { file: other } = candidate;
        if (!(await readAt(other!, 0, head.length)).equals(head)) continue;
        if ((await readAt(other!, size - tail.length, tail.length)).equals(tail)) return candidate;
      }
      return undefined;
    } finally {
      await file.close();
    }
  }

  /** The content was found in another file, and goes on there. */
  async #adopt(entry: Entry, lost: Lost, { file, position, head }: Opened): Promise<void> {
    this.#lost = this.#lost.filter((other) => other !== lost);
    this.#held.delete(entry.id);
    this.#options.onEvent(`goes on from ${lost.path} at ${lost.offset}`, entry.path);
    const id = fileIdOf(await file.stat());
    const found = lost.file ?? new TrackedFile(entry.path, id, { file, position, head });
    Object.assign(found, { path: entry.path, id, file, isListed: true, isLeft: true, isDirty: true });
    Object.assign(found, { seenSize: -1, nextLookMs: -Infinity, isUnread: true });
    const successor = this.files.find(({ path }) => path === lost.path);
    if (successor !== undefined) successor.predecessor = found;
    this.files.unshift(found);
  }

  async #track(entry: Entry, where: 'start' | 'end' | number, predecessor?: TrackedFile): Promise<void> {
    this.#held.delete(entry.id);
    const file = await this.#open(entry.path);
    if (file === undefined) return;
    const from =
      where === 'start'
        ? { position: start, head: Buffer.alloc(0) }
        : where === 'end'
          ? await this.#options.endOf(file)
          : await positionAt(file, where);
    await this.#keep(entry, { file, ...from }, predecessor);
  }

  async #keep(entry: Entry, { file, position, head }: Opened, predecessor?: TrackedFile): Promise<void> {
    // Another file may have got the name meanwhile.
    const id = fileIdOf(await file.stat());
    if (this.files.some((other) => other.id === id)) return file.close();
    const tracked = new TrackedFile(entry.path, id, { file, position, head });
    tracked.seenModifiedMs = entry.stat.modifiedMs;
    tracked.isUnread = true;
    if (predecessor !== undefined && predecessor.id !== id) tracked.predecessor = predecessor;
    this.files.push(tracked);
    this.#options.onEvent(`tailed from ${position.offset}`, entry.path);
  }

  /**
   * Opens a file where it has the content up to the offset. The bytes that are compared are those that are kept: were they read
   * again, the file might be another content by then (truncated, and longer again), and what it has up to the offset be missed.
   */
  async #openAt(path: string, offset: number, fingerprint: Fingerprint | undefined): Promise<Opened | undefined> {
    const file = await this.#open(path);
    if (file === undefined) return undefined;
    const opened = { file, ...(await positionAt(file, offset)) };
    if (fingerprint === undefined || isOf(opened, fingerprint)) return opened;
    await file.close();
    return undefined;
  }

  /** undefined where the file went away meanwhile, or may not be read: the next look at all files tries again. */
  async #open(path: string): Promise<File | undefined> {
    try {
      return await this.#options.disk.open(path, 'read');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') this.#tell(path, `cannot be opened: ${message}`);
      return undefined;
    }
  }
}

function isOf({ position: { tail }, head }: Opened, fingerprint: Fingerprint): boolean {
  const { headLength, headHash, tailLength, tailHash } = fingerprint;
  return (
    hashOf(head.subarray(0, headLength)) === headHash && hashOf(tail.subarray(-tailLength || tail.length)) === tailHash
  );
}
