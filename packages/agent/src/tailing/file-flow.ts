import type { Timer, World } from '@millrace/world';
import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts';
import type { FlowConfiguration } from '../configuration/configuration.ts';
import { javaPattern } from '../configuration/java-pattern.ts';
import type { FlowParts } from '../flow.ts';
import type { FlowSource } from '../sources/flow-source.ts';
import { FileReader } from './file-reader.ts';
import { FileTracker } from './file-tracker.ts';
import { fileNameMatcher } from './glob.ts';
import { aggregatingSplitter, lineSplitter, multiLineSplitter } from './splitter.ts';
import type { Splitter } from './splitter.ts';
import type { Position, TrackedFile } from './tracked-file.ts';

export interface FileFlowOptions {
  readonly world: World;
  readonly configuration: FlowConfiguration;
  readonly parts: FlowParts;
  readonly store: CheckpointStore;
  readonly quietMs: number;
  onEvent(what: string, path: string): void;
  onError(error: unknown): void;
}

/** Files that are kept open, of a flow. */
const mostOpenFiles = 256;
/** Checkpoints are gathered for as long: what is stored and not in them yet comes twice after a crash, no more. */
const saveAfterMs = 200;
const failedSaveMs = 1000;
const longestErrorPauseMs = 10_000;
/** A file that could not be read is tried again after as long. */
const failedLookMs = 1000;

/** Tails the files of a flow. */
export class FileFlow implements FlowSource {
  readonly #options: FileFlowOptions;
  readonly #tracker: FileTracker;
  readonly #reader: FileReader;
  /** Checkpoints that go when their file has another path. */
  readonly #savedPaths = new Set<string>();
  /** Until then checkpoints say more than is known here. */
  #hasBegun = false;
  #isStopped = false;
  #loop: Promise<void> | undefined;
  #saving: Promise<void> = Promise.resolve();
  #saveTimer: Timer | undefined;
  #wake: (() => void) | undefined;

  constructor(options: FileFlowOptions) {
    this.#options = options;
    const { world, configuration, parts } = options;
    const { options: said, source, destination } = configuration;
    if (source.type !== 'files') throw new Error('the flow has no files');
    const refreshMs = said.maxTimeBetweenFileTrackerRefreshMillis;
    const { disk, clock } = world;
    this.#reader = new FileReader({
      clock,
      splitter: splitterOf(configuration),
      skipHeaderLines: said.skipHeaderLines,
      footer: said.fileFooterPattern === undefined ? undefined : javaPattern(said.fileFooterPattern, 'whole'),
      bufferBytes: destination.type === 'deliveryStream' ? 4 << 20 : 5 << 20,
      quietMs: options.quietMs,
      refreshMs,
      counters: parts.counters,
      open: (path) => disk.open(path, 'read'),
      stat: (path) => disk.stat(path),
      room: () => parts.publisher.room(),
      onRecord: (data, file, position) => parts.sink.take(data, file, position),
      onAdvance: (file, position) => parts.publisher.advance(file, position),
    });
    this.#tracker = new FileTracker({
      disk,
      clock,
      directory: source.directory,
      matches: fileNameMatcher(source.pattern),
      isFromStart: said.initialPosition === 'START_OF_FILE',
      refreshMs,
      endOf: (file) => this.#reader.endOf(file),
      onEvent: options.onEvent,
    });
    parts.onStored = (positions) => this.#onStored(positions);
  }

  get files(): readonly TrackedFile[] {
    return this.#tracker.files;
  }

  /** Resolves when the files that are there are taken up; rejects where they or the checkpoints cannot be read. */
  async start(): Promise<void> {
    const { store, configuration } = this.#options;
    const saved = await store.load(configuration.id);
    const checkpoints = saved ?? [];
    await this.#tracker.begin(saved);
    this.#hasBegun = true;
    const ids = new Set(this.files.map(({ id }) => id));
    for (const { path, fileId } of checkpoints) if (ids.has(fileId)) this.#savedPaths.add(path);
    // Also of a flow without files: those that come while no agent is there are read from their start.
    if (saved === undefined && this.files.length === 0) await store.save(configuration.id, [], []);
    await this.#save();
    if (!this.#isStopped) this.#loop = this.#run();
  }

  /** Reads no more; resolves when what was read on is over. */
  async stopReading(): Promise<void> {
    this.#isStopped = true;
    this.#wake?.();
    await this.#loop;
  }

  /** Writes the last checkpoints. */
  async stop(): Promise<void> {
    this.#saveTimer?.cancel();
    await this.#save().catch(this.#options.onError);
    await this.#tracker.close();
  }

  async #run(): Promise<void> {
    const { parts, configuration, onError } = this.#options;
    const pollMs = configuration.options.minTimeBetweenFilePollsMillis;
    while (!this.#isStopped) {
      let pauseMs = pollMs;
      try {
        if (await this.#turn()) pauseMs = 0;
      } catch (error) {
        parts.counters.consecutiveErrors += 1;
        onError(error);
        pauseMs = Math.min(
          longestErrorPauseMs,
          Math.max(100, pollMs) * 2 ** Math.min(10, parts.counters.consecutiveErrors),
        );
      }
      if (pauseMs > 0) await this.#pause(pauseMs);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.world.clock.setTimer(ms, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
      if (this.#isStopped) this.#wake();
    });
  }

  /** One look at every file; answers whether more is there. */
  async #turn(): Promise<boolean> {
    const tracker = this.#tracker;
    // What is found is written down before it is read: after a crash it is known where it began.
    if (await tracker.refresh()) await this.#save();
    let isMore = false;
    let hasFailed = false;
    for (const file of [...tracker.files]) {
      if (this.#isStopped || !tracker.files.includes(file)) continue;
      const { predecessor } = file;
      if (predecessor !== undefined && tracker.files.includes(predecessor) && predecessor.isUnread) continue;
      file.predecessor = undefined;
      try {
        const look = await this.#reader.look(file);
        if (look === 'more') isMore = true;
        if (look === 'truncated') await this.#truncated(file);
        if (look === 'replaced') tracker.replaced();
      } catch (error) {
        // One file that cannot be read does not keep the others.
        file.nextLookMs = this.#options.world.clock.monotonicMs() + failedLookMs;
        this.#options.onError(error);
        hasFailed = true;
      }
    }
    // Their checkpoints stay, as those of files that went while no agent was there: a flow without any is one that begins.
    for (const { path } of await tracker.drop((file) => this.#isDone(file))) this.#savedPaths.delete(path);
    await tracker.closeIdle(mostOpenFiles);
    this.#options.parts.counters.consecutiveErrors = hasFailed ? this.#options.parts.counters.consecutiveErrors + 1 : 0;
    return isMore;
  }

  async #truncated(file: TrackedFile): Promise<void> {
    this.#options.parts.counters.truncationsSeen += 1;
    await this.#tracker.truncated(file);
    await this.#save();
  }

  /** Nothing comes any more, and all that came is stored. */
  #isDone(file: TrackedFile): boolean {
    const { configuration, world, quietMs } = this.#options;
    const quietEnoughMs = Math.max(quietMs, configuration.options.maxTimeBetweenFileTrackerRefreshMillis);
    const isQuiet = world.clock.monotonicMs() - file.changedAtMs > quietEnoughMs;
    return isQuiet && file.isAtEnd && !file.isUnread && file.stored.offset >= file.position.offset;
  }

  #onStored(positions: ReadonlyMap<object, unknown>): void {
    for (const [source, position] of positions) {
      const file = source as TrackedFile;
      const { offset, tail } = position as Position;
      // Of its own: the chunk that it was read with may go.
      file.stored = { offset, tail: Buffer.from(tail) };
      file.isDirty = true;
    }
    this.#saveLater(saveAfterMs);
  }

  /** Also when nothing more is stored: a disk that was full is not for ever. */
  #saveLater(afterMs: number): void {
    this.#saveTimer ??= this.#options.world.clock.setTimer(afterMs, () => {
      this.#saveTimer = undefined;
      this.#save().catch(() => {
        if (!this.#isStopped) this.#saveLater(failedSaveMs);
      });
    });
  }

  /** One at a time: the last state wins. */
  #save(): Promise<void> {
    const saved = this.#saving.then(() => this.#saveNow());
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async #saveNow(): Promise<void> {
    const { store, configuration, parts, onError } = this.#options;
    const { files } = this.#tracker;
    const dirty = files.filter(({ isDirty }) => isDirty);
    const paths = new Set(files.map(({ path }) => path));
    const removed = [...this.#savedPaths].filter((path) => !paths.has(path));
    if (!this.#hasBegun || (dirty.length === 0 && removed.length === 0)) return;
    for (const file of dirty) file.isDirty = false;
    try {
      await store.save(
        configuration.id,
        dirty.map((file) => file.checkpoint()),
        removed,
      );
    } catch (error) {
      for (const file of dirty) file.isDirty = true;
      parts.counters.checkpointErrors += 1;
      onError(error);
      throw error;
    }
    for (const path of removed) this.#savedPaths.delete(path);
    for (const { path } of dirty) this.#savedPaths.add(path);
  }
}

function splitterOf({ options, destination }: FlowConfiguration): Splitter {
  const { multiLineStartPattern = '', aggregatedRecordSizeBytes } = options;
  if (multiLineStartPattern !== '') return multiLineSplitter(multiLineStartPattern);
  const isAggregated = destination.type === 'deliveryStream' && aggregatedRecordSizeBytes > 0;
  return isAggregated ? aggregatingSplitter(aggregatedRecordSizeBytes) : lineSplitter();
}
