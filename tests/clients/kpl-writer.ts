import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { endProcess, kpl } from './environments.ts';

/** A record that a KPL says it has put. */
export interface Acknowledged {
  readonly key: string;
  readonly text: string;
  readonly shard: string;
  readonly sequenceNumber: string;
  readonly attempts: number;
}

/** A producer of the stream `events`. */
export interface Writer {
  readonly acknowledged: readonly Acknowledged[];
  /** What it says of records it gave up. */
  readonly failed: readonly string[];
  /** Hands a record over. `text` has no blanks. */
  put(key: string, text: string, hashKey?: string): void;
  /** Sends what is left. */
  end(): Promise<void>;
  /** Ends it in any case. */
  stop(): Promise<void>;
}

/** A running KPL (tests/clients/java/kpl). */
export class KplWriter implements Writer {
  readonly acknowledged: Acknowledged[] = [];
  readonly failed: string[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #log = '';

  constructor(classPath: string, port: number) {
    // The daemon it unpacks, 90 MB, stays here for the next run.
    const folder = join(import.meta.dirname, `../../.cache/java-${kpl.name}/daemon`);
    mkdirSync(folder, { recursive: true });
    const options = ['-Xmx256m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', classPath, 'KplWriter'];
    this.#child = spawn('java', [...options, '127.0.0.1', String(port), 'events', folder, '200'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (this.#log = (this.#log + text).slice(-20_000)));
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
  }

  put(key: string, text: string, hashKey = '-'): void {
    this.#child.stdin.write(`${key} ${hashKey} ${text}\n`);
  }

  async end(): Promise<void> {
    const exited = new Promise<number | null>((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    assert.equal(await exited, 0, this.#log);
  }

  async stop(): Promise<void> {
    await endProcess(this.#child);
  }

  #hear(line: string): void {
    const [kind, key, text, shard, sequenceNumber, attempts] = line.split(' ');
    if (kind === 'FAILED') this.failed.push(line);
    if (kind !== 'ACK') return;
    const [known, place] = [
      { key: key!, text: text! },
      { shard: shard!, sequenceNumber: sequenceNumber! },
    ];
    this.acknowledged.push({ ...known, ...place, attempts: Number(attempts) });
  }
}
