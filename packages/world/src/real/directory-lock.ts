import { createHash } from 'node:crypto';
import { closeSync, openSync, realpathSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';

/**
 * Holds a directory for this process. Node has no flock, so the lock is a listening socket: it ends with the process,
 * by whatever means that dies, and a second process sees it by connecting.
 *
 * On Linux and macOS the socket is a file in the directory itself, so that it is seen from other network namespaces
 * (containers that share a volume) too. A file left behind by a dead process refuses connections and is replaced. Two
 * starters may both see it dead: an exclusively bound second name (the claim) lets only one of them replace it.
 */
export async function lockDirectory(path: string): Promise<{ release(): Promise<void> } | undefined> {
  if (process.platform === 'win32') {
    const name = createHash('sha256').update(realpathSync(path)).digest('hex');
    return holding(await bind(`\\\\.\\pipe\\millrace-${name}`), () => undefined);
  }
  const directory = openSync(path, 'r');
  try {
    // sun_path holds 107 bytes: a long directory is reached through its descriptor where the system can do that.
    const name = join(path, 'lock.sock');
    const reachable =
      name.length <= 100 || process.platform !== 'linux' ? name : `/proc/self/fd/${directory}/lock.sock`;
    const first = await bind(reachable);
    if (first !== undefined) return holding(first, () => rmSync(name, { force: true }));
    if (await alive(reachable)) return undefined;
    const claim = await bind(`${reachable}.claim`);
    if (claim === undefined) {
      if (!(await alive(`${reachable}.claim`))) rmSync(`${name}.claim`, { force: true });
      return undefined;
    }
    try {
      if (await alive(reachable)) return undefined;
      rmSync(name, { force: true });
      return holding(await bind(reachable), () => rmSync(name, { force: true }));
    } finally {
      claim.close();
      rmSync(`${name}.claim`, { force: true });
    }
  } finally {
    closeSync(directory);
  }
}

function holding(server: Server | undefined, remove: () => void): { release(): Promise<void> } | undefined {
  if (server === undefined) return undefined;
  server.unref();
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => {
          remove();
          resolve();
        });
      }),
  };
}

function bind(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => resolve(server));
  });
}

function alive(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(name);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
