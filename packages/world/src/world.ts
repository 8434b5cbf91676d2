import type { Socket } from 'node:net';

/**
 * The only door to clock, timers, randomness, disk and network. The program asks these interfaces; the real world
 * answers in production and a simulated one in tests, so that every run can be repeated from a seed.
 */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
}

export interface Timer {
  /** Stops the timer; harmless after it fired. */
  cancel(): void;
}

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. It may step in both directions. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. Measure durations and token buckets with this one. */
  monotonicMs(): number;
  /** Calls `fire` once, not before `delayMs` have passed. Timers do not keep the process alive. */
  setTimer(delayMs: number, fire: () => void): Timer;
  /** Calls `run` after the I/O that is ready now has been handled (the batching point of group commit). */
  defer(run: () => void): void;
}

export interface Random {
  /** `length` unpredictable bytes (in the simulation: seeded ones). */
  bytes(length: number): Buffer;
  /** A version-4 UUID. */
  uuid(): string;
  /** A float in [0, 1), for jitter only. */
  fraction(): number;
}

/** A disk error keeps Node's `code` (ENOSPC, EIO, ENOENT, …) in both worlds. */
export interface Disk {
  /** Opens a file. 'create' fails with EEXIST when it is there; 'write' opens or creates; 'read' only reads. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<File>;
  /** Names of the entries of a directory, sorted. */
  list(path: string): Promise<string[]>;
  /** Creates a directory and its parents; fine when it is there. */
  makeDirectory(path: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Which file a path names now (links are followed); undefined when it names nothing. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Deletes a file, or a directory with all in it; fine when it is not there. */
  remove(path: string): Promise<void>;
  /** Renames atomically, replacing the target. Durable only after `syncDirectory` of its directory. */
  rename(from: string, to: string): Promise<void>;
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Holds a directory for this process until `release`, or until the process dies by whatever means.
   * Answers undefined when another live process holds it.
   */
  lock(path: string): Promise<{ release(): Promise<void> } | undefined>;
  /** Bytes a write could still use on the file system of `path`. */
  freeBytes(path: string): Promise<number>;
}

export interface File {
  readonly path: string;
  /** Reads up to `length` bytes at `position` into `target` from `offset`; answers the bytes read, 0 at the end. */
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Writes all buffers one after the other at `position`; rejects when any byte could not be written. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** fdatasync: contents and size are on stable storage when it resolves. */
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  /** As of the open file, whatever its name is by now. */
  stat(): Promise<FileStat>;
  close(): Promise<void>;
}

/** Device and inode together are a file's identity while it exists: a rename keeps them, a file made later may get them again. */
export interface FileStat {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
  /** Neither a directory nor a pipe, a socket or a device. */
  readonly isFile: boolean;
}

export interface Network {
  /** Listens on TCP. `port` 0 picks a free one. `onConnection` gets each accepted socket. */
  listen(options: { host: string; port: number }, onConnection: (socket: Socket) => void): Promise<Listener>;
}

export interface Listener {
  readonly port: number;
  /** Stops accepting; open connections stay. Resolves when the port is free. */
  close(): Promise<void>;
}
