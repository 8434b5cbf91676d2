import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Pool } from 'pg';
import { postgresPrograms, startPostgres } from '../../../packages/consumer/test/postgres-server.ts';
import { RedshiftSession } from './redshift-session.ts';
import type { S3Access } from './s3.ts';
import type { TlsIdentity } from './web-server.ts';

export interface RedshiftOptions {
  /** What COPY reads: with a role's credentials, or with the keys that the statement brings. */
  readonly s3: S3Access;
  /** The proxy offers TLS, and takes connections without it as well. */
  readonly tls?: TlsIdentity;
}

export interface RunningRedshift {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** As AWS writes it in ClusterJDBCURL. */
  readonly jdbcUrl: string;
  /** The database itself, for a test to look at: what goes this way is not in `statements`. */
  readonly pool: Pool;
  /** The text of every statement that came, in order. */
  readonly statements: readonly string[];
  /** 'refuse' ends connections, present and new ones; 'hang' takes new ones and says nothing. */
  outage: 'none' | 'refuse' | 'hang';
  stop(): Promise<void>;
}

/**
 * PostgreSQL behind a proxy of its wire protocol, which serves Redshift's COPY … FROM 's3://…' by reading S3 and feeding
 * COPY … FROM STDIN; everything else passes through, the password too (SCRAM-SHA-256).
 */
export async function startRedshift(options: RedshiftOptions): Promise<RunningRedshift> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error('there is no initdb and postgres on this machine');
  const password = randomBytes(12).toString('base64url');
  const { pool, socket: path, stop: stopPostgres } = await startPostgres(programs, password);
  const statements: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    if (running.outage === 'refuse') socket.destroy();
    if (running.outage !== 'none') return;
    void new RedshiftSession({ ...options, path, onStatement: (text) => statements.push(text) }).serve(socket);
  });
  const port = await listening(server);
  let outage: RunningRedshift['outage'] = 'none';
  const running: RunningRedshift = {
    host: '127.0.0.1',
    port,
    user: 'test',
    password,
    database: 'postgres',
    jdbcUrl: `jdbc:redshift://127.0.0.1:${port}/postgres`,
    pool,
    statements,
    get outage() {
      return outage;
    },
    set outage(value) {
      outage = value;
      if (value === 'refuse') for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await stopPostgres();
    },
  };
  return running;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
