import type { Socket } from 'node:net';
import type { Clock } from '@millrace/world';
import { Http1Connection } from './http1-connection.ts';
import { BufferPool } from './buffer-pool.ts';
import type { Serving } from './listen.ts';

/** Times after which a connection is given up, in milliseconds; the same as node:http's defaults, but shorter for heads. */
const patienceMs = {
  /** Between requests. */
  idle: 65_000,
  /** From a head's first byte to its last. */
  head: 10_000,
  /** From a head's last byte to the body's. */
  body: 60_000,
  /** For a client to take an answer that is whole. */
  answer: 120_000,
} as const;

export type Waiting = keyof typeof patienceMs;

const sweepEveryMs = 1000;

/**
 * HTTP/1.0 and 1.1 by a reader of our own: a small request costs about half of what it costs in node:http (docs/performance.md).
 * It is held to node's parser by tests: what this one takes, that one frames alike.
 */
export class Http1 {
  readonly serving: Serving;
  readonly clock: Clock;
  readonly buffers: BufferPool;
  readonly #connections = new Set<Http1Connection>();
  #sweep: { cancel(): void } | undefined;
  #dateSecond = 0;
  #date = '';
  closing = false;

  constructor(serving: Serving, clock: Clock) {
    this.serving = serving;
    this.clock = clock;
    // Of what was answered as much stays at most as bodies may take.
    this.buffers = new BufferPool(serving.budget.capacity);
    this.#sweepLater();
  }

  accept(socket: Socket, isSecure: boolean): void {
    const connection = new Http1Connection(this, socket, isSecure);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    connection.start();
  }

  /** The Date header's value: made once a second. */
  date(): string {
    const now = this.clock.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = new Date(now).toUTCString();
    }
    return this.#date;
  }

  /** Ends the connections that no request is under way on; the others end with their answer. */
  close(): void {
    this.closing = true;
    this.#sweep?.cancel();
    for (const connection of this.#connections) connection.closeIfIdle();
  }

  /** One timer for all connections: a timer each would cost more than the reading of a request. */
  #sweepLater(): void {
    this.#sweep = this.clock.setTimer(sweepEveryMs, () => {
      const now = this.clock.monotonicMs();
      for (const connection of this.#connections) {
        const { waiting, sinceMs } = connection;
        if (waiting !== undefined && now - sinceMs > patienceMs[waiting]) connection.giveUp();
      }
      this.buffers.sweep();
      this.#sweepLater();
    });
  }
}
