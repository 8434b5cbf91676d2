import { performServerHandshake } from 'node:http2';
import type { Socket } from 'node:net';
import { duplexPair, pipeline } from 'node:stream';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Http1 } from './http1.ts';
import { serveHttp2 } from './http2.ts';
import type { ListenOptions, Serving } from './listen.ts';

/*
 * One port for every client, told apart by the first bytes:
 *
 *   0x16                    TLS; inside it the first bytes decide again (Java's SDK v2 sends no ALPN, then speaks HTTP/2)
 *   "PRI * HTTP/2.0…"       HTTP/2 with prior knowledge (Java and JavaScript on http://)
 *   anything else           HTTP/1.1
 */
const firstBytesMs = 70_000;
const handshakeMs = 10_000;
const preface = Buffer.from('PRI * HTTP/2.0');

/** Hands each new connection to who speaks its protocol. */
export class ConnectionRoutes {
  readonly #options: Pick<ListenOptions, 'world' | 'certificate' | 'report'>;
  readonly #http1: Http1;
  readonly #serving: Serving;
  /** One for all connections: its tickets are what lets clients resume their sessions. */
  readonly #secureContext: SecureContext;

  constructor(options: Pick<ListenOptions, 'world' | 'certificate' | 'report'>, http1: Http1, serving: Serving) {
    this.#options = options;
    this.#secureContext = createSecureContext(options.certificate);
    this.#http1 = http1;
    this.#serving = serving;
  }

  /** Waits for the first bytes. A connection that is secure already has come back from TLS without ALPN. */
  begin(socket: Socket, isSecure: boolean): void {
    const { clock } = this.#options.world;
    const timer = clock.setTimer(firstBytesMs, () => socket.destroy());
    socket.once('close', () => timer.cancel());
    socket.once('readable', () => {
      timer.cancel();
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      socket.unshift(bytes);
      // "P" may begin a POST or the preface: three bytes tell. Looked at again when more may have come.
      if (bytes.length < 3 && bytes[0] === preface[0])
        return void clock.setTimer(5, () => this.begin(socket, isSecure));
      if (!isSecure && bytes[0] === 0x16) return this.#beginTls(socket);
      if (bytes.subarray(0, preface.length).equals(preface.subarray(0, bytes.length)))
        return this.#serveHttp2(isSecure ? rewound(socket) : socket, isSecure);
      this.#http1.accept(socket, isSecure);
    });
  }

  #beginTls(socket: Socket): void {
    try {
      const tls = new TLSSocket(socket, {
        isServer: true,
        secureContext: this.#secureContext,
        ALPNProtocols: ['h2', 'http/1.1'],
      });
      const handshake = this.#options.world.clock.setTimer(handshakeMs, () => socket.destroy());
      tls.on('error', () => socket.destroy());
      tls.once('close', () => handshake.cancel());
      tls.once('secure', () => {
        handshake.cancel();
        if (tls.alpnProtocol === 'h2') this.#serveHttp2(rewound(tls), true);
        else if (tls.alpnProtocol === 'http/1.1') this.#http1.accept(tls, true);
        else this.begin(tls, true);
      });
    } catch (error) {
      this.#options.report(error);
      socket.destroy();
    }
  }

  #serveHttp2(socket: Duplex, isSecure: boolean): void {
    serveHttp2(performServerHandshake(socket, http2Settings), isSecure, this.#serving);
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
