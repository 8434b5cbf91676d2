import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JavaProgram, opened } from './java-program.ts';

export interface FlinkJobOptions {
  readonly classPath: string;
  readonly endpoint: string;
  readonly streamArn: string;
  /** FlinkKinesisConsumer polling or with enhanced fan-out, or KinesisStreamsSource. */
  readonly mode: 'polling' | 'fanout' | 'source';
  /** Holds the checkpoints. */
  readonly folder: string;
  /** Java's, as -Dname=value. */
  readonly properties: readonly string[];
  /** Where KinesisStreamsSink puts what was read. */
  readonly sinkArn?: string | undefined;
}

/** A key's state: its records, those that were counted before, those out of the order of their shard. */
export type Tally = readonly [records: number, repeated: number, misordered: number];

/** A job of an unmodified Flink (tests/clients/java/flink) over the lives of its processes. */
export class FlinkJob {
  /** The state of each key, as the job's processes last told it. */
  readonly tallies = new Map<string, Tally>();
  /** States told, more than there are records once some were read again after a failure. */
  told = 0;
  /** States told since the last complete checkpoint. */
  toldSinceCheckpoint = 0;
  checkpoints = 0;
  starts = 0;
  /** Starts from a checkpoint. */
  restores = 0;
  readonly #program: JavaProgram;
  readonly #folder: string;

  constructor({ classPath, endpoint, streamArn, mode, folder, properties, sinkArn = '' }: FlinkJobOptions) {
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
    const java = ['-Xmx700m', ...opened(['java.util', 'java.lang', 'java.time']), quiet, ...properties];
    const program = ['-cp', classPath, 'FlinkJob', endpoint, streamArn, mode, folder, sinkArn];
    this.#folder = folder;
    this.#program = new JavaProgram([...java, ...program].filter(Boolean), (words) => this.#hear(words));
  }

  /** Begins, at the newest complete checkpoint if there is one. */
  start(): void {
    this.#program.start();
  }

  kill(): Promise<void> {
    return this.#program.kill();
  }

  #hear([kind, ...words]: readonly string[]): void {
    if (kind === 'STARTED') this.starts += 1;
    if (kind === 'RESTORED') this.restores += 1;
    if (kind === 'CHECKPOINT') {
      this.checkpoints += 1;
      this.toldSinceCheckpoint = 0;
    }
    if (kind !== 'COUNT') return;
    this.told += 1;
    this.toldSinceCheckpoint += 1;
    const [key, ...tally] = words;
    this.tallies.set(key!, tally.map(Number) as unknown as Tally);
  }

  /** Whether each of the keys has `records` records, or more. */
  has(keys: number, records: number): boolean {
    return this.tallies.size === keys && [...this.tallies.values()].every(([count]) => count >= records);
  }

  /** Lets the job fail once, after a checkpoint and some records more. */
  failOnce(): void {
    writeFileSync(join(this.#folder, 'break'), '');
  }

  summary(): string {
    const { starts, restores, checkpoints, told, tallies } = this;
    const fewest = [...tallies].toSorted(([, [left]], [, [right]]) => left - right).slice(0, 5);
    const counts = JSON.stringify({ starts, restores, checkpoints, told, fewest });
    return `the job told ${counts} and logged\n${this.#program.log}`;
  }
}
