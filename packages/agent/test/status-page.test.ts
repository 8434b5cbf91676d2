import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { realWorld } from '@millrace/world';
import { openStatusPage } from '../src/status/status-page.ts';

test('who asks for nothing, or never to the end, does not stay', { timeout: 20_000 }, async () => {
  const page = await openStatusPage(realWorld().network, { host: '127.0.0.1', port: 0 }, []);
  const open = async (): Promise<Socket> => {
    const socket = connect(page.port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    return socket.resume();
  };
  const idle = await open();
  const slow = await open();
  slow.write('GET / HTTP/1.1\r\nhost: a\r\n');
  const others: Socket[] = [];
  for (let count = 2; count < 100; count += 1) others.push(await open());
  const oneTooMany = await open();
  const closed = Promise.all([idle, slow].map((socket) => once(socket, 'close')));
  await once(oneTooMany, 'close');
  assert.ok(!idle.closed && !slow.closed);
  await closed;
  for (const socket of others) socket.destroy();
  await page.close();
});
