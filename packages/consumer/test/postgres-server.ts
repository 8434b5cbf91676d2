import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Pool } from 'pg';

const run = promisify(execFile);

/** A PostgreSQL of its own, in a directory of its own, that is reached by a socket there. */
export interface PostgresServer {
  readonly pool: Pool;
  /** The socket, a path. */
  readonly socket: string;
  stop(): Promise<void>;
}

/** The folder with initdb and postgres: on the path, or where Debian and macOS keep it. Undefined where there is none. */
export function postgresPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
    '/opt/homebrew/opt/postgresql/bin',
    '/usr/local/opt/postgresql/bin',
  ];
  return folders.find(
    (folder) => folder !== '' && ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
  );
}

/** PostgreSQL does not run as root: there it runs as nobody, who owns its directory. */
async function unprivileged(): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)),
  );
  return { uid: uid!, gid: gid! };
}

/** The user is `test`, the database `postgres`. With a password everybody has to know it (SCRAM-SHA-256). */
export async function startPostgres(programs: string, password?: string): Promise<PostgresServer> {
  const who = await unprivileged();
  const directory = await mkdtemp(join(tmpdir(), 'millrace-postgres-'));
  if (who.uid !== undefined) await chown(directory, who.uid, who.gid!);
  const data = join(directory, 'data');
  const options = { ...who, cwd: directory, env: { ...process.env, LC_ALL: 'C', HOME: directory } };
  const entry = ['-A', 'trust'];
  if (password !== undefined) {
    const file = join(directory, 'password');
    await writeFile(file, `${password}\n`);
    entry.splice(0, 2, '-A', 'scram-sha-256', '--pwfile', file);
  }
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'test', ...entry, '-N', '-E', 'UTF8'], options);
  // No port is opened: the socket's folder keeps it from others.
  const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${directory}`, '-c', 'fsync=off'];
  const server = spawn(join(programs, 'postgres'), ['-D', data, ...settings], { ...options, stdio: 'ignore' });
  const pool = new Pool({ host: directory, user: 'test', database: 'postgres', password });
  // Connections of the pool end with the server.
  pool.on('error', () => undefined);
  const stop = async (): Promise<void> => {
    await pool.end();
    await endServer(server);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(pool, server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pool, socket: join(directory, '.s.PGSQL.5432'), stop };
}

async function untilReady(pool: Pool, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`);
    try {
      await pool.query('SELECT 1');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** SIGINT is PostgreSQL's fast shutdown. */
async function endServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGINT');
  await ended;
}
