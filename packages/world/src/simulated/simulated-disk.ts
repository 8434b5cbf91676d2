import type { Disk, File, FileStat } from '../world.ts';

/*
 * The contract of the simulated disk. A program on it must survive all of this:
 *
 *  1. Bytes written and not synced are, at a crash, kept, lost, or torn: of each write any of its 512-byte sectors may be there.
 *  2. datasync makes all earlier writes of the file and its length durable.
 *  3. A file that was created, renamed or removed may be as before at a crash until its directory was synced: of the changes
 *     of a directory since then, a first part happened and the rest did not.
 *  4. A write may fail with ENOSPC, having stored a part of it; a datasync may fail with EIO, after which what is durable of the
 *     unsynced writes is unknown, and a later datasync may succeed without them.
 *  5. A read may bring fewer bytes than there are, at least one; it may fail with EIO, and succeed when it is asked again.
 *  6. Operations take time, some of them long; nothing is done by an operation that a crash overtook.
 *  7. A bit of a file may change by itself (`rot`). That loses what is in its place: it must be told, never be served.
 */
const sector = 512;

interface Write {
  readonly position: number;
  readonly bytes: Buffer;
}

interface Node {
  readonly inode: bigint;
  modifiedMs: number;
  durable: Buffer;
  /** What programs see. */
  current: Buffer;
  unsynced: Write[];
}

interface NameChange {
  readonly name: string;
  /** The file that has the name from now on; undefined when it has none. */
  readonly node: Node | undefined;
}

interface Surroundings {
  draw(n: number): number;
  now(): number;
  delayed(extraMs?: number): Promise<void>;
  generation(): number;
}

/** Faults that a test switches on; asked for each operation. */
export interface DiskFaults {
  /** `end` is the place behind the last byte to be written. */
  writeFails?: (path: string, end: number) => boolean;
  syncFails?: (path: string) => boolean;
  readFails?: (path: string) => boolean;
  readIsShort?: (path: string) => boolean;
  /** Milliseconds that an operation on an open file takes beside the usual ones. */
  extraMs?: () => number;
}

export class SimulatedDisk implements Disk {
  readonly #around: Surroundings;
  readonly #files = new Map<string, Node>();
  readonly #durableFiles = new Map<string, Node>();
  readonly #directories = new Set<string>(['', '/']);
  readonly #unsyncedNames = new Map<string, NameChange[]>();
  #locks = new Set<string>();
  #inodes = 0n;
  faults: DiskFaults = {};

  constructor(around: Surroundings) {
    this.#around = around;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<File> {
    await this.#around.delayed();
    let node = this.#files.get(path);
    if (node !== undefined && mode === 'create') throw failure('EEXIST', path);
    if (node === undefined) {
      if (mode === 'read' || !this.#directories.has(parent(path))) throw failure('ENOENT', path);
      node = this.#node(Buffer.alloc(0), { inode: (this.#inodes += 1n), modifiedMs: this.#around.now() });
      this.#rename(path, node);
    }
    return this.#file(path, node);
  }

  async list(path: string): Promise<string[]> {
    await this.#around.delayed();
    const names = new Set<string>();
    for (const known of [...this.#files.keys(), ...this.#directories]) {
      if (known.startsWith(`${path}/`)) names.add(known.slice(path.length + 1).split('/')[0]!);
    }
    return [...names].sort();
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#around.delayed();
    // Directories are durable at once: their loss would only lose what is in them, and names in them are covered.
    for (let at = path; at !== '' && at !== '/'; at = parent(at)) this.#directories.add(at);
  }

  async exists(path: string): Promise<boolean> {
    await this.#around.delayed();
    return this.#files.has(path) || this.#directories.has(path);
  }

  async stat(path: string): Promise<FileStat | undefined> {
    await this.#around.delayed();
    const node = this.#files.get(path);
    if (node !== undefined) return statOf(node);
    return this.#directories.has(path) ? { device: 1n, inode: 0n, size: 0, modifiedMs: 0, isFile: false } : undefined;
  }

  async remove(path: string): Promise<void> {
    await this.#around.delayed();
    for (const known of [...this.#files.keys()])
      if (known === path || known.startsWith(`${path}/`)) this.#rename(known, undefined);
    for (const known of [...this.#directories])
      if (known === path || known.startsWith(`${path}/`)) this.#directories.delete(known);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#around.delayed();
    const node = this.#files.get(from);
    if (node === undefined) throw failure('ENOENT', from);
    this.#rename(to, node);
    this.#rename(from, undefined);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#around.delayed();
    for (const change of this.#unsyncedNames.get(path) ?? []) this.#makeDurable(change);
    this.#unsyncedNames.delete(path);
  }

  async lock(path: string): Promise<{ release(): Promise<void> } | undefined> {
    await this.#around.delayed();
    if (this.#locks.has(path)) return undefined;
    this.#locks.add(path);
    return { release: () => Promise.resolve(void this.#locks.delete(path)) };
  }

  async freeBytes(): Promise<number> {
    await this.#around.delayed();
    return 1e12;
  }

  /** See the contract. */
  crash(): void {
    for (const changes of this.#unsyncedNames.values()) {
      for (const change of changes.slice(0, this.#around.draw(changes.length + 1))) this.#makeDurable(change);
    }
    this.#unsyncedNames.clear();
    this.#files.clear();
    this.#locks = new Set();
    for (const [path, node] of this.#durableFiles) {
      let left = node.durable;
      for (const { position, bytes } of node.unsynced) left = this.#tear(left, position, bytes);
      this.#files.set(path, this.#node(left, node));
    }
    this.#durableFiles.clear();
    for (const [path, node] of this.#files) this.#durableFiles.set(path, node);
  }

  /** Flips a bit of a file whose path `matches`, where one has bytes; answers its path. */
  rot(matches: (path: string) => boolean): string | undefined {
    const candidates = [...this.#files].filter(([path, { durable }]) => matches(path) && durable.length > 0);
    const found = candidates[this.#around.draw(candidates.length)];
    if (found === undefined) return undefined;
    const [path, { durable, current }] = found;
    const at = this.#around.draw(durable.length);
    const bit = 1 << this.#around.draw(8);
    durable[at]! ^= bit;
    if (current !== durable && at < current.length) current[at]! ^= bit;
    return path;
  }

  #node(content: Buffer, { inode, modifiedMs }: { inode: bigint; modifiedMs: number }): Node {
    return { inode, modifiedMs, durable: content, current: Buffer.from(content), unsynced: [] };
  }

  #tear(content: Buffer, position: number, bytes: Buffer): Buffer {
    const kind = this.#around.draw(3);
    if (kind === 0) return content;
    if (kind === 1) return splice(content, position, bytes);
    let result = content;
    for (let at = 0; at < bytes.length; at += sector) {
      if (this.#around.draw(2) === 0) result = splice(result, position + at, bytes.subarray(at, at + sector));
    }
    return result;
  }

  #rename(path: string, node: Node | undefined): void {
    if (node === undefined) this.#files.delete(path);
    else this.#files.set(path, node);
    const directory = parent(path);
    const changes = this.#unsyncedNames.get(directory) ?? [];
    changes.push({ name: path, node });
    this.#unsyncedNames.set(directory, changes);
  }

  #makeDurable({ name, node }: NameChange): void {
    if (node === undefined) this.#durableFiles.delete(name);
    else this.#durableFiles.set(name, node);
  }

  #file(path: string, node: Node): File {
    const { delayed, generation } = this.#around;
    const born = generation();
    const alive = async (): Promise<void> => {
      await delayed(this.faults.extraMs?.());
      // A handle of a program that crashed does nothing, for ever.
      if (generation() !== born) await new Promise(() => undefined);
    };
    return {
      path,
      read: async (target, offset, length, position) => {
        await alive();
        if (this.faults.readFails?.(path) ?? false) throw failure('EIO', path);
        const whole = node.current.subarray(position, position + length);
        const isShort = whole.length > 1 && (this.faults.readIsShort?.(path) ?? false);
        const bytes = isShort ? whole.subarray(0, 1 + this.#around.draw(whole.length - 1)) : whole;
        target.set(bytes, offset);
        return bytes.length;
      },
      write: async (buffers, position) => {
        const bytes = Buffer.concat(buffers);
        await alive();
        const fails = this.faults.writeFails?.(path, position + bytes.length) ?? false;
        const stored = fails ? bytes.subarray(0, this.#around.draw(bytes.length + 1)) : bytes;
        node.current = splice(node.current, position, stored);
        node.modifiedMs = this.#around.now();
        node.unsynced.push({ position, bytes: stored });
        if (fails) throw failure('ENOSPC', path);
      },
      datasync: async () => {
        const covered = node.unsynced.length;
        await alive();
        if (this.faults.syncFails?.(path) ?? false) {
          node.unsynced = node.unsynced.filter(() => this.#around.draw(2) === 0);
          throw failure('EIO', path);
        }
        for (const { position, bytes } of node.unsynced.splice(0, covered))
          node.durable = splice(node.durable, position, bytes);
      },
      truncate: async (length) => {
        await alive();
        node.modifiedMs = this.#around.now();
        node.current = Buffer.from(node.current.subarray(0, length));
        node.durable = Buffer.from(node.durable.subarray(0, length));
        node.unsynced = [];
        if (node.current.length > node.durable.length)
          node.unsynced.push({ position: 0, bytes: Buffer.from(node.current) });
      },
      size: async () => {
        await alive();
        return node.current.length;
      },
      stat: async () => {
        await alive();
        return statOf(node);
      },
      close: alive,
    };
  }
}

function statOf({ inode, modifiedMs, current }: Node): FileStat {
  return { device: 1n, inode, size: current.length, modifiedMs, isFile: true };
}

/** Writes into `content` where it is long enough, else into a longer copy of it. */
function splice(content: Buffer, position: number, bytes: Buffer): Buffer {
  if (position + bytes.length <= content.length) {
    bytes.copy(content, position);
    return content;
  }
  const result = Buffer.alloc(Math.max(content.length, position + bytes.length));
  content.copy(result);
  bytes.copy(result, position);
  return result;
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
