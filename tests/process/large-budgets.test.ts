/** Budgets of 4 GiB and more are as large as they say: as 32 bits they would be nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startServer } from '../../tools/server-process.ts';
import { kinesisCaller } from './caller.ts';

test('a body that is on its way leaves room for others', { timeout: 20_000 }, async () => {
  const server = await startServer(['--body-budget-mib', '4096', '--answer-budget-mib', '4096', '--hot-mib', '4096']);
  const { port } = new URL(server.endpoint);
  const slow = connect(Number(port), '127.0.0.1');
  try {
    await once(slow, 'connect');
    const head =
      'POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\nContent-Length: 100\r\n\r\n{';
    await new Promise((resolve) => slow.write(head, resolve));
    assert.deepEqual((await kinesisCaller(server.endpoint)('ListStreams', {}))['StreamNames'], []);
  } finally {
    slow.destroy();
    assert.equal(await server.stop(), 0);
  }
});
