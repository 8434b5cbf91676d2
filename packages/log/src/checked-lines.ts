import { crc32 } from 'node:zlib';
import type { File, World } from '@millrace/world';
import { LogUnavailableError } from './shard-log-types.ts';

/*
 *   line = crc (8 hex digits) SPACE json LF          crc is CRC-32 of the JSON's bytes
 *
 * JSON, so that people can read what a small log holds; a checksum, so that a torn line is never taken for a whole one.
 */

export function encodeLine(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  return Buffer.concat([Buffer.from(`${crc32(json).toString(16).padStart(8, '0')} `), json, Buffer.from('\n')]);
}

/** The value of a line, without its end; undefined where the checksum says that it is damaged or not whole. */
export function decodeLine(line: string): unknown {
  const json = line.slice(9);
  // The checksum of nothing is 0, and nothing is no JSON.
  if (json === '' || crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) return undefined;
  return JSON.parse(json);
}

/** A file of checked lines, open for appending. */
export class LineFile {
  readonly #file: File;
  readonly #what: string;
  #length: number;
  /** Bytes behind `#length` may be those of a write that was refused. */
  #isRagged = false;
  #failure: LogUnavailableError | undefined;

  private constructor(file: File, length: number, what: string) {
    this.#file = file;
    this.#length = length;
    this.#what = what;
  }

  /** Opens or creates a file, cuts what stands behind `length`, and makes its name durable. `what` names the log in errors. */
  static async open(world: World, path: string, { length, what }: { length: number; what: string }): Promise<LineFile> {
    const file = await world.disk.open(path, 'write');
    try {
      await file.truncate(length);
      await file.datasync();
      await world.disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
    } catch (error) {
      await file.close();
      throw error;
    }
    return new LineFile(file, length, what);
  }

  /** Bytes of whole lines. */
  get length(): number {
    return this.#length;
  }

  /** Why nothing can be appended any more. A full disk is no such reason. */
  failure(): Error | undefined {
    return this.#failure;
  }

  /** Durable when it resolves; rejects with LogUnavailableError, and then none of the lines is there. */
  async append(lines: readonly Buffer[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      // What a refused write left behind must not stand behind a shorter one.
      if (this.#isRagged) await this.#file.truncate(this.#length);
      this.#isRagged = true;
      await this.#file.write(lines, this.#length);
    } catch (error) {
      const full = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
      const message = full ? 'the disk is full' : `a write to the ${this.#what} failed`;
      const failure = new LogUnavailableError(message, full, { cause: error });
      if (!full) this.#failure = failure;
      throw failure;
    }
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#failure = new LogUnavailableError(`a sync of the ${this.#what} failed`, false, { cause: error });
      throw this.#failure;
    }
    this.#isRagged = false;
    this.#length += lines.reduce((sum, line) => sum + line.length, 0);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
