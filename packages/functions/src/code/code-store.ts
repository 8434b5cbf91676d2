import type { World } from '@millrace/world';
import { createHash } from 'node:crypto';
import type { Code } from '../state.ts';
import { Slots } from '../slots.ts';
import { unzip } from './unzip.ts';

/*
 * DIRECTORY/SHA256.zip         what was uploaded, named by its content
 * DIRECTORY/SHA256/…           its files, where the workers find them; made anew from the zip where they are not whole
 * DIRECTORY/.unfinished/N      on their way; emptied at the start
 *
 * A file has its name only once it is whole and durable, so that what is named is never half.
 */

/** The code of functions, by what it holds: two functions of the same zip share it. */
export interface CodeStore {
  /**
   * Keeps a zip, durable and unpacked by the time `use` runs, and not removed before that has resolved; answers what `use`
   * answers. Throws InvalidParameterValueException where it is no zip that can be run.
   */
  add<T>(zip: Buffer, use: (code: Code) => Promise<T>): Promise<T>;
  /** The folder of unpacked files. */
  directoryOf(code: Code): string;
  /** Where the zip itself is. */
  pathOf(code: Code): string;
  /**
   * Removes what was not in use at the last sweep either: a worker may be at it still. Resolves with whether there is something
   * left for the next one.
   */
  sweep(used: readonly Code[]): Promise<boolean>;
}

/** Opens the store; what `used` names is unpacked when it resolves. */
export async function openCodeStore(
  { disk }: Pick<World, 'disk'>,
  directory: string,
  used: readonly Code[],
): Promise<CodeStore> {
  const store = new DiskCodeStore(disk, directory);
  await store.open(used);
  return store;
}

class DiskCodeStore implements CodeStore {
  readonly #disk: World['disk'];
  readonly #directory: string;
  readonly #unfinished: string;
  /** How many uploads of a zip are under way, by its name. */
  readonly #adding = new Map<string, number>();
  /** What the last sweep found. */
  #unused = new Set<string>();
  /** A zip's largest file is whole in memory while it is unpacked: one zip at a time. */
  readonly #unpacking = new Slots(1);
  #drafts = 0;

  constructor(disk: World['disk'], directory: string) {
    this.#disk = disk;
    this.#directory = directory;
    this.#unfinished = `${directory}/.unfinished`;
  }

  async open(used: readonly Code[]): Promise<void> {
    await this.#disk.remove(this.#unfinished);
    await this.#disk.makeDirectory(this.#unfinished);
    // The unpacked files are not synced one by one: after a power cut they may be torn, after a mere crash they are not, and
    // nobody can tell the two apart.
    for (const code of used) {
      await this.#disk.remove(this.directoryOf(code));
      await this.#unpack(code, await readWhole(this.#disk, this.pathOf(code)));
    }
    // Twice: nobody is at anything yet.
    if (await this.sweep(used)) await this.sweep(used);
  }

  pathOf(code: Code): string {
    return `${this.#directory}/${hexOf(code)}.zip`;
  }

  directoryOf(code: Code): string {
    return `${this.#directory}/${hexOf(code)}`;
  }

  async add<T>(zip: Buffer, use: (code: Code) => Promise<T>): Promise<T> {
    const code = { sha256: createHash('sha256').update(zip).digest('base64'), bytes: zip.length };
    const hex = hexOf(code);
    this.#adding.set(hex, (this.#adding.get(hex) ?? 0) + 1);
    try {
      // First what may be refused.
      await this.#unpack(code, zip);
      await this.#place(this.pathOf(code), async (draft) => {
        const file = await this.#disk.open(draft, 'create');
        await file.write([zip], 0);
        await file.datasync();
        await file.close();
      });
      return await use(code);
    } finally {
      const left = this.#adding.get(hex)! - 1;
      if (left === 0) this.#adding.delete(hex);
      else this.#adding.set(hex, left);
    }
  }

  async sweep(used: readonly Code[]): Promise<boolean> {
    const kept = new Set(used.map(hexOf));
    const names = (await this.#disk.list(this.#directory)).filter((name) => {
      const hex = /^([0-9a-f]{64})(?:\.zip)?$/.exec(name)?.[1];
      return hex !== undefined && !kept.has(hex) && !this.#adding.has(hex);
    });
    const found = this.#unused;
    for (const name of names) if (found.has(name)) await this.#disk.remove(`${this.#directory}/${name}`);
    this.#unused = new Set(names.filter((name) => !found.has(name)));
    return this.#unused.size > 0;
  }

  #unpack(code: Code, zip: Buffer): Promise<void> {
    return this.#place(this.directoryOf(code), async (draft) => {
      await this.#disk.makeDirectory(draft);
      await this.#unpacking.take(hexOf(code));
      try {
        await unzip(this.#disk, zip, draft);
      } finally {
        this.#unpacking.give();
      }
    });
  }

  async #place(path: string, make: (draft: string) => Promise<void>): Promise<void> {
    if (await this.#disk.exists(path)) return;
    this.#drafts += 1;
    const draft = `${this.#unfinished}/${this.#drafts}`;
    try {
      await make(draft);
      // Two uploads of the same zip: the first one's files stay.
      if (!(await this.#disk.exists(path))) await this.#disk.rename(draft, path);
    } finally {
      await this.#disk.remove(draft);
    }
    await this.#disk.syncDirectory(this.#directory);
  }
}

async function readWhole(disk: World['disk'], path: string): Promise<Buffer> {
  const file = await disk.open(path, 'read');
  try {
    const bytes = Buffer.alloc(await file.size());
    for (let at = 0; at < bytes.length;) {
      const read = await file.read(bytes, at, bytes.length - at, at);
      if (read === 0) throw new Error(`${path} is cut short`);
      at += read;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

function hexOf({ sha256 }: Code): string {
  return Buffer.from(sha256, 'base64').toString('hex');
}
