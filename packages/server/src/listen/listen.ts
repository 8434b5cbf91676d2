import { performServerHandshake } from 'node:http2';
import type { Socket } from 'node:net';
import { duplexPair, pipeline } from 'node:stream';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { HttpRequest, HttpResponse } from '@millrace/protocol';
import type { World } from '@millrace/world';
import { BodyBudget } from './body-budget.ts';
import { Http1 } from './http1.ts';
import { serveHttp2 } from './http2.ts';

/*
 * One port for every client, told apart by the first bytes:
 *
 *   0x16                    TLS; inside it the first bytes decide again (Java's SDK v2 sends no ALPN, then speaks HTTP/2)
 *   "PRI * HTTP/2.0…"       HTTP/2 with prior knowledge (Java and JavaScript on http://)
 *   anything else           HTTP/1.1
 */
export interface ListenOptions {
  readonly world: World;
  readonly host: string;
  readonly port: number;
  /** PEM certificate and key; asked for at the first TLS connection. */
  certificate(): Promise<{ cert: string; key: string }>;
  readonly bodyLimitBytes: number;
  /** Bodies in memory at once, of all connections: more wait, unread, in their sockets. */
  readonly bodyBudgetBytes: number;
  report(error: unknown): void;
}

export type Handle = (request: HttpRequest) => Promise<HttpResponse>;

/** What the HTTP versions have in common. */
export interface Serving {
  readonly handle: Handle;
  readonly budget: BodyBudget;
  readonly bodyLimitBytes: number;
  report(error: unknown): void;
}

export interface Listening {
  readonly port: number;
  /** Stops accepting, lets requests under way finish for a while, then closes every connection. */
  close(): Promise<void>;
  metrics(): Readonly<Record<string, number>>;
}

const firstBytesMs = 70_000;
const handshakeMs = 10_000;
const graceMs = 5000;
const preface = Buffer.from('PRI * HTTP/2.0');

export async function startListening(options: ListenOptions, handle: Handle): Promise<Listening> {
  const { clock } = options.world;
  const budget = new BodyBudget(options.bodyBudgetBytes);
  const sockets = new Set<Socket>();
  const serving: Serving = { handle, budget, bodyLimitBytes: options.bodyLimitBytes, report: options.report };
  const http1 = new Http1(serving, clock);
  let secure: Promise<SecureContext> | undefined;
  const secureContext = (): Promise<SecureContext> =>
    (secure ??= options.certificate().then((pem) => createSecureContext(pem)));

  const route = (socket: Socket, isSecure: boolean): void => {
    const timer = clock.setTimer(firstBytesMs, () => socket.destroy());
    socket.once('close', () => timer.cancel());
    socket.once('readable', () => {
      timer.cancel();
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      socket.unshift(bytes);
      // "P" may begin a POST or the preface: three bytes tell. Looked at again when more may have come.
      if (bytes.length < 3 && bytes[0] === preface[0]) return void clock.setTimer(5, () => route(socket, isSecure));
      if (!isSecure && bytes[0] === 0x16) return void startTls(socket);
      if (!bytes.subarray(0, preface.length).equals(preface.subarray(0, bytes.length)))
        return http1.accept(socket, isSecure);
      serveHttp2(performServerHandshake(isSecure ? rewound(socket) : socket, http2Settings), isSecure, serving);
    });
  };
  const startTls = async (socket: Socket): Promise<void> => {
    try {
      const tls = new TLSSocket(socket, {
        isServer: true,
        secureContext: await secureContext(),
        ALPNProtocols: ['h2', 'http/1.1'],
      });
      const handshake = clock.setTimer(handshakeMs, () => socket.destroy());
      tls.on('error', () => socket.destroy());
      tls.once('close', () => handshake.cancel());
      tls.once('secure', () => {
        handshake.cancel();
        if (tls.alpnProtocol === 'h2') serveHttp2(performServerHandshake(rewound(tls), http2Settings), true, serving);
        else if (tls.alpnProtocol === 'http/1.1') http1.accept(tls, true);
        else route(tls, true);
      });
    } catch (error) {
      options.report(error);
      socket.destroy();
    }
  };
  const listener = await options.world.network.listen(options, (socket) => {
    sockets.add(socket);
    // A reset by the client is nobody's fault; without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    route(socket, false);
  });
  return {
    port: listener.port,
    metrics: () => ({ connections: sockets.size, bodyBytes: budget.used, requests: budget.requests }),
    async close() {
      const stopped = listener.close();
      http1.close();
      await finishRequests(budget, clock);
      for (const socket of sockets) socket.destroy();
      await stopped;
    },
  };
}

async function finishRequests(budget: BodyBudget, clock: World['clock']): Promise<void> {
  const deadline = clock.monotonicMs() + graceMs;
  while (budget.requests > 0 && clock.monotonicMs() < deadline) {
    await new Promise<void>((resolve) => clock.setTimer(10, resolve));
  }
}

const http2Settings = {
  settings: { maxConcurrentStreams: 1000, initialWindowSize: 1 << 20, maxHeaderListSize: 32 << 10 },
  maxSessionMemory: 64,
};

/**
 * HTTP/2 on a TLS socket of our own making goes through a pair of streams: handed the socket itself, Node 24.21 throws at
 * pushed-back bytes (clients without ALPN) or never reads the preface (clients with it).
 */
function rewound(socket: Socket): Duplex {
  const [outer, inner] = duplexPair();
  // A pipeline in both directions listens more often than Node thinks healthy.
  socket.setMaxListeners(20);
  pipeline(socket, inner, socket, () => socket.destroy());
  return outer;
}
