import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Network } from '../world.ts';

/** TCP by node:net, without Nagle's delay: answers are written whole. */
export function realNetwork(): Network {
  return {
    listen({ host, port }, onConnection) {
      const server = createServer({ noDelay: true, allowHalfOpen: false }, onConnection);
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, backlog: 4096 }, () => {
          server.removeListener('error', reject);
          // An accept can fail later (EMFILE); the connection is lost, the server is not.
          server.on('error', () => undefined);
          resolve({
            port: (server.address() as AddressInfo).port,
            close: () => new Promise((closed) => server.close(() => closed())),
          });
        });
      });
    },
  };
}
