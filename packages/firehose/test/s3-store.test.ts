import { openS3Store } from '@millrace/firehose';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';

process.env['AWS_ACCESS_KEY_ID'] = 'test';
process.env['AWS_SECRET_ACCESS_KEY'] = 'test';

/** An endpoint that takes connections and bytes, and never answers. */
async function withHangingEndpoint(run: (endpoint: string) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined).resume()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const object = { bucket: 'logs', key: 'k', body: [Buffer.from('x')], kmsKeyArn: undefined };

test('puts to an endpoint that hangs fail, and reads', { timeout: 30_000 }, () =>
  withHangingEndpoint(async (endpoint) => {
    const store = openS3Store({ endpoint, region: 'us-east-1', stillMs: 100 });
    const { signal } = new AbortController();
    await assert.rejects(store.put({ ...object, signal }), { name: 'TimeoutError' });
    await assert.rejects(store.read({ ...object, signal }), { name: 'TimeoutError' });
  }),
);

test('a put that nobody waits for any more ends, and a read', { timeout: 30_000 }, () =>
  withHangingEndpoint(async (endpoint) => {
    const store = openS3Store({ endpoint, region: 'us-east-1' });
    const givingUp = new AbortController();
    const putting = store.put({ ...object, signal: givingUp.signal });
    setTimeout(() => givingUp.abort(), 200);
    await assert.rejects(putting, { name: 'AbortError' });
    await assert.rejects(store.read({ ...object, signal: AbortSignal.abort() }), { name: 'AbortError' });
  }),
);
