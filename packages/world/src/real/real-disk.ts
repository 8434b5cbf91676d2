import { close, fdatasync, ftruncate, fstat, open as openFile, read, write, writev } from 'node:fs';
import type { BigIntStats, Stats } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import type { Disk, File, FileStat } from '../world.ts';
import { lockDirectory } from './directory-lock.ts';

const flags = { read: 'r', write: 'r+', create: 'wx+' } as const;

/** Files by node:fs. The callback forms are used where speed counts: they cost half of the promise forms. */
export function realDisk(): Disk {
  return {
    open: async (path, mode) => {
      if (mode !== 'write') return realFile(path, await openDescriptor(path, flags[mode]));
      const existing = await openDescriptor(path, 'r+').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return realFile(path, existing ?? (await openDescriptor(path, 'wx+')));
    },
    list: async (path) => (await readdir(path)).toSorted(),
    makeDirectory: async (path) => void (await mkdir(path, { recursive: true })),
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    stat: async (path) => {
      try {
        return statOf(await stat(path, { bigint: true }));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    remove: (path) => rm(path, { recursive: true, force: true }),
    rename,
    syncDirectory: async (path) => {
      // Windows cannot open directories; NTFS journals names by itself.
      if (process.platform === 'win32') return;
      const directory = await open(path, 'r');
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },
    lock: lockDirectory,
    freeBytes: async (path) => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
  };
}

/** Inodes need all their 64 bits: file systems number by hashes too. */
function statOf(stats: BigIntStats): FileStat {
  const { dev: device, ino: inode, size, mtimeMs } = stats;
  return { device, inode, size: Number(size), modifiedMs: Number(mtimeMs), isFile: stats.isFile() };
}

function openDescriptor(path: string, mode: string): Promise<number> {
  return new Promise((resolve, reject) => {
    openFile(path, mode, 0o600, (error, descriptor) => (error ? reject(error) : resolve(descriptor)));
  });
}

function realFile(path: string, descriptor: number): File {
  const open = new OpenDescriptor(descriptor);
  return {
    path,
    read: (target, offset, length, position) =>
      open.use<number>((number, done) => read(number, target, offset, length, position, done)),
    write: (buffers, position) => writeAll(open, buffers, position),
    datasync: () => open.use<void>(fdatasync),
    truncate: (length) => open.use<void>((number, done) => ftruncate(number, length, done)),
    size: () => open.use<Stats>(fstat).then(({ size }) => size),
    stat: () => open.use<BigIntStats>((number, done) => fstat(number, { bigint: true }, done)).then(statOf),
    close: () => open.close(),
  };
}

type Done<Result> = (error: Error | null, result: Result) => void;

/**
 * A descriptor's number names another file soon after it was closed. So the close waits for what is under way, and nothing
 * begins after it: that fails with EBADF, as it would if the number were not used again.
 */
class OpenDescriptor {
  readonly #number: number;
  #underWay = 0;
  #isClosed = false;
  #closeNow: (() => void) | undefined;

  constructor(number: number) {
    this.#number = number;
  }

  use<Result>(call: (number: number, done: Done<Result>) => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(Object.assign(new Error('EBADF: the file was closed'), { code: 'EBADF' }));
      this.#underWay += 1;
      call(this.#number, (error, result) => {
        this.#underWay -= 1;
        if (this.#underWay === 0) this.#closeNow?.();
        if (error) reject(error);
        else resolve(result);
      });
    });
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    return new Promise((resolve, reject) => {
      this.#closeNow = () => close(this.#number, (error) => (error ? reject(error) : resolve()));
      if (this.#underWay === 0) this.#closeNow();
    });
  }
}

/** A write may take only a part (a nearly full disk, a signal): go on behind it until all is written or the disk says why not. */
async function writeAll(open: OpenDescriptor, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let rest = buffers.filter(({ byteLength }) => byteLength > 0);
  let at = position;
  while (rest.length > 0) {
    let written = await writeOnce(open, rest, at);
    at += written;
    let whole = 0;
    while (whole < rest.length && written >= rest[whole]!.byteLength) written -= rest[whole++]!.byteLength;
    rest = rest.slice(whole);
    if (written > 0) rest[0] = rest[0]!.subarray(written);
  }
}

function writeOnce(open: OpenDescriptor, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return open.use<number>((number, done) => {
    // IOV_MAX is 1,024 on the systems we know.
    if (buffers.length === 1) write(number, buffers[0]!, 0, buffers[0]!.byteLength, position, done);
    else writev(number, buffers.slice(0, 1024), position, done);
  });
}
