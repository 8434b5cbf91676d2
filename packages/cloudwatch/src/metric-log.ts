import { decodeLine, encodeLine, LineFile } from '@millrace/log';
import type { World } from '@millrace/world';
import { decodeMeasurement, decodeSeries, encodeMeasurement, encodeSeries } from './metric-lines.ts';
import type { MeasurementLine, SeriesLine } from './metric-lines.ts';
import { MetricStore } from './metric-store.ts';
import type { Bounds, Measurement } from './metric-store.ts';
import { readLines } from './read-lines.ts';

/*
 * metrics/NNNNNNNNNN.snapshot has series as they were written down while NNNNNNNNNN.changes was already taking changes.
 *
 *   snapshot = line*     a series each, as SeriesLine; lines are those of packages/log/src/checked-lines.ts
 *   changes  = line*     what one sync made durable each: { "n": number of the first, "t": now, "m": [MeasurementLine, …] }
 *
 * Measurements are numbered, and a series knows the last that is in it. So a snapshot is written series by series while others
 * change: whatever a series has already is passed over when the changes are applied again. The snapshot gets its name when it is
 * whole and synced; then everything of lower numbers goes. Metrics are independent of each other: a damaged line loses what is
 * in it, is told, and nothing else.
 */
interface ChangesLine {
  readonly n: number;
  readonly t: number;
  readonly m: readonly MeasurementLine[];
}

const leastSnapshotEveryBytes = 4 << 20;
const pieceBytes = 256 << 10;

export interface MetricLogOptions {
  readonly world: World;
  /** Locked by the caller for this process. */
  readonly directory: string;
  readonly report: (message: string) => void;
  readonly bounds?: Bounds;
  /** Changes of so many bytes, or of a snapshot's size where that is more, are followed by a snapshot. */
  readonly snapshotEveryBytes?: number;
}

interface Waiting {
  readonly measurements: readonly Measurement[];
  resolve(): void;
  reject(error: Error): void;
}

/** Metrics in memory and on disk: what `put` resolved for is there after a crash, once. */
export class MetricLog {
  readonly store: MetricStore;
  readonly #options: MetricLogOptions;
  #number = 0;
  #file: LineFile | undefined;
  /** The number of the last measurement. */
  #change = 0;
  #snapshotBytes = 0;
  /** Bytes of the changes behind which the next snapshot is made. */
  #snapshotAt = 0;
  #damage = 0;
  #refusedWrites = 0;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #snapshotting: Promise<void> | undefined;

  private constructor(options: MetricLogOptions) {
    this.#options = options;
    this.store = new MetricStore(options.bounds);
  }

  /** Opens or creates the metrics of a directory. */
  static async open(options: MetricLogOptions): Promise<MetricLog> {
    const log = new MetricLog(options);
    await log.#recover();
    return log;
  }

  /** Takes measurements, all or none; rejects with LogUnavailableError when they cannot be written. */
  put(measurements: readonly Measurement[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ measurements, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  failure(): Error | undefined {
    return this.#file!.failure();
  }

  /** What is in memory, and what went wrong since the start. */
  metrics(): Readonly<Record<string, number>> {
    const { size: series, cells } = this.store;
    return { series, cells, damage: this.#damage, refusedWrites: this.#refusedWrites };
  }

  async stop(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    await this.#snapshotting;
    await this.#file!.close();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options.world;
    // What comes in the same turn shares the sync.
    await new Promise<void>((resolve) => clock.defer(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      const nowMs = clock.now();
      const all = batch.flatMap(({ measurements }) => measurements);
      const line: ChangesLine = { n: this.#change + 1, t: nowMs, m: all.map(encodeMeasurement) };
      try {
        await this.#file!.append([encodeLine(line)]);
      } catch (error) {
        this.#refusedWrites += 1;
        for (const { reject } of batch) reject(error as Error);
        continue;
      }
      for (const one of all) this.store.add(one, nowMs, (this.#change += 1));
      for (const { resolve } of batch) resolve();
      if (this.#snapshotting === undefined && this.#file!.length > this.#snapshotAt) await this.#beginSnapshot();
    }
    this.#running = undefined;
  }

  /** Changes go on in a new file; the snapshot that makes the older ones superfluous is written beside them. */
  async #beginSnapshot(): Promise<void> {
    const { world, report } = this.#options;
    try {
      const file = await LineFile.open(world, this.#path(this.#number + 1, 'changes'), { length: 0, what: 'metrics' });
      const before = this.#file!;
      this.#number += 1;
      this.#file = file;
      await before.close();
    } catch (error) {
      this.#postpone();
      report(`metrics: no new file: ${(error as Error).message}`);
      return;
    }
    this.#snapshotting = this.#snapshot(this.#number).then(
      () => {
        this.#snapshotAt = Math.max(this.#snapshotEveryBytes(), this.#snapshotBytes);
        this.#snapshotting = undefined;
      },
      (error: Error) => {
        this.#postpone();
        this.#snapshotting = undefined;
        report(`metrics: no snapshot: ${error.message}`);
      },
    );
  }

  #postpone(): void {
    this.#snapshotAt = this.#file!.length + this.#snapshotEveryBytes();
  }

  #snapshotEveryBytes(): number {
    return this.#options.snapshotEveryBytes ?? leastSnapshotEveryBytes;
  }

  async #snapshot(number: number): Promise<void> {
    const { disk, clock } = this.#options.world;
    const path = this.#path(number, 'snapshot');
    const draft = await disk.open(`${path}.draft`, 'write');
    let written = 0;
    try {
      await draft.truncate(0);
      let piece: Buffer[] = [];
      let size = 0;
      for (const { series, ...metric } of this.store.all()) {
        const line = encodeLine(encodeSeries(metric, series, clock.now()));
        piece.push(line);
        size += line.length;
        if (size < pieceBytes) continue;
        await draft.write(piece, written);
        written += size;
        [piece, size] = [[], 0];
      }
      await draft.write(piece, written);
      written += size;
      await draft.datasync();
    } finally {
      await draft.close();
    }
    await disk.rename(`${path}.draft`, path);
    await disk.syncDirectory(this.#options.directory);
    this.#snapshotBytes = written;
    await this.#removeBelow(number);
  }

  async #removeBelow(number: number): Promise<void> {
    const { world, directory } = this.#options;
    for (const name of await world.disk.list(directory))
      if (Number(name.slice(0, 10)) < number) await world.disk.remove(`${directory}/${name}`);
  }

  async #recover(): Promise<void> {
    const { world, directory } = this.#options;
    await world.disk.makeDirectory(directory);
    const names = await world.disk.list(directory);
    const numbersOf = (kind: string): number[] =>
      names.filter((name) => new RegExp(`^\\d{10}\\.${kind}$`).test(name)).map((name) => Number(name.slice(0, 10)));
    const snapshot = numbersOf('snapshot').at(-1);
    if (snapshot !== undefined) this.#snapshotBytes = await this.#readSnapshot(this.#path(snapshot, 'snapshot'));
    const changes = numbersOf('changes').filter((number) => number >= (snapshot ?? 0));
    let length = 0;
    for (const number of changes) length = await this.#readChanges(number, number === changes.at(-1));
    this.#number = changes.at(-1) ?? snapshot ?? 0;
    const path = this.#path(this.#number, 'changes');
    this.#file = await LineFile.open(world, path, { length: changes.length === 0 ? 0 : length, what: 'metrics' });
    this.#snapshotAt = Math.max(this.#snapshotEveryBytes(), this.#snapshotBytes);
    await this.#removeBelow(snapshot ?? 0);
  }

  async #readSnapshot(path: string): Promise<number> {
    let bytes = 0;
    for await (const { text, end } of readLines(this.#options.world, path)) {
      bytes = end;
      const line = decodeLine(text) as SeriesLine | undefined;
      if (line === undefined) {
        this.#reportDamage(path, 1, end);
        continue;
      }
      const { metric, fill } = decodeSeries(line);
      this.store.restore(metric, fill);
      this.#change = Math.max(this.#change, line.c);
    }
    return bytes;
  }

  /** Answers the bytes up to the end of the last whole line: what is behind it was never acknowledged. */
  async #readChanges(number: number, isLast: boolean): Promise<number> {
    const path = this.#path(number, 'changes');
    let [whole, damaged] = [0, 0];
    for await (const { text, end, isEnded } of readLines(this.#options.world, path)) {
      const line = isEnded ? (decodeLine(text) as ChangesLine | undefined) : undefined;
      if (line === undefined) {
        damaged += 1;
        continue;
      }
      for (const [at, one] of line.m.entries()) this.store.add(decodeMeasurement(one), line.t, line.n + at);
      this.#change = Math.max(this.#change, line.n + line.m.length - 1);
      if (damaged > 0) this.#reportDamage(path, damaged, end);
      [whole, damaged] = [end, 0];
    }
    if (damaged > 0 && !isLast) this.#reportDamage(path, damaged, Infinity);
    return whole;
  }

  #reportDamage(path: string, lines: number, end: number): void {
    this.#damage += lines;
    const where = end === Infinity ? 'at the end' : `before byte ${end}`;
    this.#options.report(`metrics: ${path}: ${lines} damaged lines ${where} are left out`);
  }

  #path(number: number, kind: 'snapshot' | 'changes'): string {
    return `${this.#options.directory}/${String(number).padStart(10, '0')}.${kind}`;
  }
}
