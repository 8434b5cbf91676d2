import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from '@millrace/protocol';
import { ByteBudget } from '@millrace/world';
import type { World } from '@millrace/world';
import { ConnectionRoutes } from './connection-routes.ts';
import { Http1 } from './http1.ts';

export interface ListenOptions {
  readonly world: World;
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly bodyLimitBytes: number;
  /** Bodies in memory at once, of all connections: more wait, unread, in their sockets. */
  readonly bodyBudgetBytes: number;
  report(error: unknown): void;
}

export type Handle = (request: HttpRequest) => Promise<HttpResponse>;

/** What the HTTP versions have in common. */
export interface Serving {
  readonly handle: Handle;
  /** For bodies. */
  readonly budget: ByteBudget;
  /** Requests under way, from their head to the end of their answer. */
  underWay: number;
  readonly bodyLimitBytes: number;
  report(error: unknown): void;
}

export interface Listening {
  readonly port: number;
  /** Stops accepting, lets requests under way finish for a while, then closes every connection. */
  close(): Promise<void>;
  metrics(): Readonly<Record<string, number>>;
}

const graceMs = 5000;

export async function startListening(options: ListenOptions, handle: Handle): Promise<Listening> {
  const { clock } = options.world;
  const budget = new ByteBudget(options.bodyBudgetBytes);
  const sockets = new Set<Socket>();
  const serving: Serving = {
    handle,
    budget,
    underWay: 0,
    bodyLimitBytes: options.bodyLimitBytes,
    report: options.report,
  };
  const http1 = new Http1(serving, clock);
  const routes = new ConnectionRoutes(options, http1, serving);
  const listener = await options.world.network.listen(options, (socket) => {
    sockets.add(socket);
    // A reset by the client is nobody's fault; without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    routes.begin(socket, false);
  });
  return {
    port: listener.port,
    metrics: () => ({ connections: sockets.size, bodyBytes: budget.used, requests: serving.underWay }),
    async close() {
      const stopped = listener.close();
      http1.close();
      await finishRequests(serving, clock);
      for (const socket of sockets) socket.destroy();
      await stopped;
    },
  };
}

async function finishRequests(serving: Serving, clock: World['clock']): Promise<void> {
  const deadline = clock.monotonicMs() + graceMs;
  while (serving.underWay > 0 && clock.monotonicMs() < deadline) {
    await new Promise<void>((resolve) => clock.setTimer(10, resolve));
  }
}
