import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { ByteBudget, realWorld } from '@millrace/world';
import { Http1 } from '../../src/listen/http1.ts';
import type { Handle } from '../../src/listen/listen.ts';

/** A request as a reader framed it. */
export interface Framed {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Reading {
  readonly requests: readonly Framed[];
  /** The statuses answered; one of 400 or more means that reading ended there. */
  readonly statuses: readonly number[];
}

export const bodyLimitBytes = 100_000;

/** The whole of what the client sends, cut as the test says, read by our reader. */
export async function readByOurs(pieces: readonly Buffer[]): Promise<Reading> {
  const requests: Framed[] = [];
  const handle: Handle = ({ method, path, query, headers, body }) => {
    requests.push({ method, target: query === '' ? path : `${path}?${query}`, headers, body: body.toString('latin1') });
    return Promise.resolve({ status: 200, headers: {}, body: 'ok' });
  };
  const report = (error: unknown): never => {
    throw error;
  };
  const { clock } = realWorld();
  const http1 = new Http1({ handle, budget: new ByteBudget(1 << 20), underWay: 0, bodyLimitBytes, report }, clock);
  const statuses = await exchange(pieces, (socket) => http1.accept(socket, false));
  http1.close();
  return { requests, statuses };
}

/** The same by node:http. */
export async function readByNode(pieces: readonly Buffer[]): Promise<Reading> {
  const requests: Framed[] = [];
  const server = createServer({ insecureHTTPParser: false }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const body = Buffer.concat(chunks).toString('latin1');
      // Which ours does not speak: what has no version is no request.
      if (request.httpVersion === '0.9') return;
      requests.push({ method: request.method!, target: request.url!, headers, body });
      response.end('ok');
    });
    request.on('error', () => undefined);
  });
  // Without this, an error in what follows a request would take the request with it, though it was framed.
  server.on('clientError', (_error, socket) => {
    const refuse = (turns: number): void => {
      if (turns > 0) setImmediate(() => refuse(turns - 1));
      else if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      else socket.destroy();
    };
    refuse(10);
  });
  const statuses = await exchange(pieces, (socket) => server.emit('connection', socket));
  return { requests, statuses };
}

/** Sends, reads until the server ends, and answers the statuses. */
async function exchange(pieces: readonly Buffer[], accept: (socket: Socket) => void): Promise<number[]> {
  const [client, server] = duplexPair();
  accept(server as unknown as Socket);
  let text = '';
  client.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  client.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve);
    client.once('close', resolve);
  });
  for (const piece of pieces) {
    if (!client.writable) break;
    client.write(piece);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  client.end();
  await ended;
  client.destroy();
  server.destroy();
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)]
    .map(([, status]) => Number(status))
    .filter((status) => status !== 100);
}
