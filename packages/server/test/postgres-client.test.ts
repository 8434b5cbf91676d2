import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { runOverPostgres } from '../src/postgres-client.ts';

/** A message of the server's: its type, its length, what it says. */
function message(type: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(5, type);
  head.writeUInt32BE(payload.length + 4, 1);
  return Buffer.concat([head, payload]);
}

const [authenticated, ready] = [message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))];
const done = Buffer.concat([message('C', Buffer.from('SET\0')), ready]);
/** One column without a name, text. */
const columns = message('T', Buffer.from('0001000000000000000000000019ffffffffffff0000', 'hex'));
const row = message('D', Buffer.concat([Buffer.from('000100010000', 'hex'), Buffer.alloc(65_536, 'x')]));

test('a database that answers without an end is not heard to it', async () => {
  let sent = 0;
  const sockets: Socket[] = [];
  const flood = (socket: Socket): void => {
    while (!socket.destroyed && sent < 1 << 30) {
      sent += row.length;
      if (!socket.write(row)) {
        socket.once('drain', () => flood(socket));
        return;
      }
    }
  };
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    let statements = 0;
    socket.on('data', (bytes) => {
      if (bytes[0] !== 'Q'.charCodeAt(0)) {
        // The startup, which has no type.
        if (bytes[0] === 0) socket.write(Buffer.concat([authenticated, ready]));
        return;
      }
      statements += 1;
      if (statements === 1) socket.write(done);
      else {
        socket.write(columns);
        flood(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await assert.rejects(
      runOverPostgres({
        ...{ host: '127.0.0.1', port: (server.address() as AddressInfo).port, isEncrypted: false },
        ...{ database: 'd', user: 'u', password: 'p', text: 'COPY t FROM s' },
        ...{ connectTimeoutMs: 5000, timeoutMs: 5000, signal: new AbortController().signal },
      }),
      /answered more than/,
    );
    assert.ok(sent < 1 << 30, `${sent} bytes were taken`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});
