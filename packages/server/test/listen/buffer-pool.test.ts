/** Memory that is lent to requests is nobody else's until their answers are written. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { realWorld } from '@millrace/world';
import { BufferPool } from '../../src/listen/buffer-pool.ts';
import { startListening } from '../../src/listen/listen.ts';
import { makeSelfSigned } from '../../src/listen/self-signed.ts';

test('a buffer is used again only when it was given back, and what nobody needs is let go', () => {
  const pool = new BufferPool(300_000);
  const [one, other] = [pool.take(100_000), pool.take(100_000)];
  assert.notEqual(one.buffer, other.buffer);
  pool.give(one);
  assert.equal(pool.take(90_000).buffer, one.buffer);
  pool.give(one);
  assert.notEqual(pool.take(10_000).buffer, one.buffer, 'a small one does not take a large one away');
  assert.notEqual(pool.take(200_000).buffer, one.buffer);
  pool.give(other);
  pool.give(Buffer.allocUnsafeSlow(200_000));
  pool.sweep();
  pool.sweep();
  const fresh = pool.take(100_000);
  assert.ok(fresh.buffer !== one.buffer && fresh.buffer !== other.buffer);
});

test('answers that wait for a slow client stay as they were made', async () => {
  const answers = 600;
  const length = 30_000;
  let served = 0;
  const listening = await startListening(
    {
      world: realWorld(),
      host: '127.0.0.1',
      port: 0,
      certificate: makeSelfSigned('localhost', Date.now()),
      bodyLimitBytes: 1 << 20,
      bodyBudgetBytes: 64 << 20,
      report: (error) => {
        throw error;
      },
    },
    ({ room, body }) => {
      served += 1;
      const answer = room!(length);
      answer.fill(Number(body.toString()) % 251);
      return Promise.resolve({ status: 200, headers: {}, body: answer });
    },
  );
  const request = (n: number): string =>
    `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${String(n).length}\r\n\r\n${n}`;
  const socket = connect(listening.port, '127.0.0.1').pause();
  await once(socket, 'connect');
  socket.write(Array.from({ length: answers }, (_, n) => request(n)).join(''));
  // It does not read until the server is stuck: then others are served meanwhile, with memory of their own.
  for (let before = -1; before !== served;) {
    before = served;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const others = connect(listening.port, '127.0.0.1');
  others.resume();
  others.write(Array.from({ length: 50 }, () => request(250)).join(''));
  const chunks: Buffer[] = [];
  let bytes = 0;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
  });
  socket.resume();
  // Each answer's head is longer than 20 bytes; the last body ends what comes.
  while (bytes < answers * (length + 20)) await new Promise((resolve) => setImmediate(resolve));
  while (served < answers + 50) await new Promise((resolve) => setImmediate(resolve));
  const all = Buffer.concat(chunks);
  let at = 0;
  for (let n = 0; n < answers; n += 1) {
    at = all.indexOf('\r\n\r\n', at) + 4;
    const body = all.subarray(at, at + length);
    assert.ok(
      body.every((byte) => byte === n % 251),
      `answer ${n} was written over`,
    );
    at += length;
  }
  socket.destroy();
  others.destroy();
  await listening.close();
});
