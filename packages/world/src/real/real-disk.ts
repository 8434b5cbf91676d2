import { close, fdatasync, ftruncate, fstat, open as openFile, read, write, writev } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import type { Disk, File } from '../world.ts';
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

function openDescriptor(path: string, mode: string): Promise<number> {
  return new Promise((resolve, reject) => {
    openFile(path, mode, 0o600, (error, descriptor) => (error ? reject(error) : resolve(descriptor)));
  });
}

function realFile(path: string, descriptor: number): File {
  return {
    path,
    read: (target, offset, length, position) =>
      new Promise((resolve, reject) => {
        read(descriptor, target, offset, length, position, (error, count) => (error ? reject(error) : resolve(count)));
      }),
    write: (buffers, position) => writeAll(descriptor, buffers, position),
    datasync: () => settle((done) => fdatasync(descriptor, done)),
    truncate: (length) => settle((done) => ftruncate(descriptor, length, done)),
    size: () =>
      new Promise((resolve, reject) => {
        fstat(descriptor, (error, stats) => (error ? reject(error) : resolve(stats.size)));
      }),
    close: () => settle((done) => close(descriptor, done)),
  };
}

function settle(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()));
  });
}

/** A write may take only a part (a nearly full disk, a signal): go on behind it until all is written or the disk says why not. */
async function writeAll(descriptor: number, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let rest = buffers.filter(({ byteLength }) => byteLength > 0);
  let at = position;
  while (rest.length > 0) {
    let written = await writeOnce(descriptor, rest, at);
    at += written;
    let whole = 0;
    while (whole < rest.length && written >= rest[whole]!.byteLength) written -= rest[whole++]!.byteLength;
    rest = rest.slice(whole);
    if (written > 0) rest[0] = rest[0]!.subarray(written);
  }
}

function writeOnce(descriptor: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, count: number): void => (error ? reject(error) : resolve(count));
    // IOV_MAX is 1,024 on the systems we know.
    if (buffers.length === 1) write(descriptor, buffers[0]!, 0, buffers[0]!.byteLength, position, done);
    else writev(descriptor, buffers.slice(0, 1024), position, done);
  });
}
